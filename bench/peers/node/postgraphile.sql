-- What PostGraphile is shown: one view of people, with the columns that are computed for each.
create schema peer;
create type peer.role as enum ('AUTHENTICATED', 'EDITOR', 'ADMINISTRATOR');
create type peer.identity as (provider text, subject text, email text);
create view peer.users as
select u.id, u.email, u.name, u.created_at, u.search_text,
  array['AUTHENTICATED'::peer.role] || array(
    select upper(r.role)::peer.role from public.user_roles r
    where r.user_id = u.id and (r.expires_at is null or r.expires_at > now())
    order by r.role desc
  ) as roles,
  array(
    select distinct i.provider from public.identities i where i.user_id = u.id order by i.provider
  ) as providers,
  array(
    select row(i.provider, i.subject, i.email)::peer.identity
    from public.identities i where i.user_id = u.id order by i.created_at, i.provider
  ) as identities
from public.users u;
comment on view peer.users is E'@primaryKey id';
create function peer.search_users(search text) returns setof peer.users language sql stable as $$
  select * from peer.users u
  where u.search_text like '%' || replace(replace(replace(lower(search), '\', '\\'), '%', '\%'), '_', '\_') || '%'
    and public.search_grams(u.search_text, 1)
      @> public.search_grams(lower(search), least(3, length(lower(search))))
  order by u.created_at desc, u.id desc
$$;
