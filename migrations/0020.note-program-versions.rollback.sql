drop table program_versions;
