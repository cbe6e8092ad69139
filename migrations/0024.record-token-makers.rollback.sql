alter table api_tokens drop column parent_id, drop column made_by_id, drop column made_by;
