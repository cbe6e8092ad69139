drop table access_review_entries;
drop table access_reviews;
