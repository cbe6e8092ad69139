drop table reviews;
drop table books;
