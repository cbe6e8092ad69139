create table books (
  id bigint generated always as identity primary key,
  title text not null unique,
  author text not null
);

create table reviews (
  id bigint generated always as identity primary key,
  book bigint not null references books,
  stars integer not null check (stars between 1 and 5),
  text text not null
);

create index reviews_book on reviews (book, id);

insert into books (title, author) values ('Emma', 'Jane Austen'), ('Middlemarch', 'George Eliot');
