drop table token_addresses;
