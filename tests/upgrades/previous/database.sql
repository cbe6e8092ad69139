SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.audit_words(actor_label text, target_label text, reason text, request_id text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select to_tsvector('simple', actor_label || ' ' || target_label || ' '
    || coalesce(reason, '') || ' ' || coalesce(request_id, ''))
$$;
CREATE FUNCTION public.await_audit_seal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  insert into audit_unsealed (event_id) select id from added;
  return null;
end
$$;
CREATE FUNCTION public.refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'the audit trail is append-only: % refused', tg_op
    using errcode = 'insufficient_privilege';
end
$$;
CREATE FUNCTION public.search_grams(value text, smallest integer) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT COST 5000 PARALLEL SAFE
    AS $$
  select coalesce(array_agg(distinct substr(value, i, size)), '{}')
  from generate_series(1, length(value)) as i, generate_series(smallest, 3) as size
  where i + size - 1 <= length(value)
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._yoyo_log (
    id character varying(36) NOT NULL,
    migration_hash character varying(64),
    migration_id character varying(255),
    operation character varying(10),
    username character varying(255),
    hostname character varying(255),
    comment character varying(255),
    created_at_utc timestamp without time zone
);
CREATE TABLE public._yoyo_migration (
    migration_hash character varying(64) NOT NULL,
    migration_id character varying(255),
    applied_at_utc timestamp without time zone
);
CREATE TABLE public._yoyo_version (
    version integer NOT NULL,
    installed_at_utc timestamp without time zone
);
CREATE TABLE public.api_tokens (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    scopes text[] NOT NULL,
    role_ceiling text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    last_used_address text,
    revoked_at timestamp with time zone,
    CONSTRAINT api_tokens_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT api_tokens_role_ceiling_check CHECK ((role_ceiling = ANY (ARRAY['Authenticated'::text, 'Editor'::text, 'Administrator'::text])))
);
CREATE TABLE public.audit_chain (
    "position" bigint NOT NULL,
    event_id bigint NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE public.audit_events (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    action text NOT NULL,
    actor_kind text NOT NULL,
    actor_id uuid,
    actor_label text NOT NULL,
    target_type text NOT NULL,
    target_id uuid,
    target_label text NOT NULL,
    before jsonb,
    after jsonb,
    reason text,
    session_id uuid,
    token_id uuid,
    request_id text,
    address text,
    user_agent text,
    door text NOT NULL,
    CONSTRAINT audit_events_actor_kind_check CHECK ((actor_kind = ANY (ARRAY['user'::text, 'token'::text, 'operator'::text, 'system'::text])))
);
ALTER TABLE public.audit_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.audit_unsealed (
    event_id bigint NOT NULL
);
CREATE TABLE public.identities (
    provider text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    email text,
    email_verified boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone
);
CREATE TABLE public.migration_checksums (
    migration_id text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE UNLOGGED TABLE public.rate_windows (
    kind text NOT NULL,
    address text NOT NULL,
    minute bigint NOT NULL,
    hits bigint NOT NULL
);
CREATE TABLE public.sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    user_id uuid NOT NULL,
    secret_hash bytea NOT NULL,
    provider text NOT NULL,
    address text,
    user_agent text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.settings (
    key text NOT NULL,
    value jsonb NOT NULL
);
CREATE TABLE public.sign_in_attempts (
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    provider text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    redirect text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sign_in_links (
    secret_hash bytea NOT NULL,
    email text NOT NULL,
    first_administrator boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.signing_keys (
    purpose text NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT signing_keys_secret_check CHECK ((length(secret) >= 32))
);
CREATE TABLE public.token_addresses (
    token_id uuid NOT NULL,
    address text NOT NULL,
    first_used_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    granted_by text NOT NULL,
    reason text,
    expires_at timestamp with time zone,
    CONSTRAINT user_roles_role_check CHECK ((role = ANY (ARRAY['Editor'::text, 'Administrator'::text])))
);
CREATE TABLE public.users (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    picture_url text,
    status text DEFAULT 'active'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    last_signed_in_at timestamp with time zone,
    search_text text GENERATED ALWAYS AS (lower(((name || ' '::text) || email))) STORED,
    CONSTRAINT users_email_check CHECK (((length(email) >= 3) AND (length(email) <= 320))),
    CONSTRAINT users_name_check CHECK ((length(name) <= 200)),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'invited'::text, 'suspended'::text])))
);
CREATE TABLE public.yoyo_lock (
    locked integer DEFAULT 1 NOT NULL,
    ctime timestamp without time zone,
    pid integer NOT NULL
);
INSERT INTO public._yoyo_log VALUES
	('2f058f5c-e845-11f1-99a6-02fc00000001', '6c91f971991294621bf3f74fad0124dbcf8b57ec973035db08a706b43bb755f5', '0001.create-users', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.44825'),
	('2f0eecd2-e845-11f1-99a6-02fc00000001', 'c7e8942783ceef48edd03c521d20f673c1ded61a19a34efae93890f221558a9d', '0002.create-sign-in', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.509172'),
	('2f16c286-e845-11f1-99a6-02fc00000001', 'c86b9300e2018a5aa8a1f37307b3c36c1e89bc8564205b5a07118c6e1d9bc7ce', '0003.create-audit-events', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.561664'),
	('2f1dface-e845-11f1-99a6-02fc00000001', 'c82f1015fb57b551b4cdb1a8f9952e7cffec9a51a50af0ffbb01a85124017e1e', '0004.create-sign-in-attempts', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.607898'),
	('2f21a598-e845-11f1-99a6-02fc00000001', '59b368e7d92f80aec03beb175552d01e7cba5b91a8bfa45b330dccda8a825cf3', '0005.create-rate-windows', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.63187'),
	('2f2ac56a-e845-11f1-99a6-02fc00000001', '26612af23b26b796d803adddcbbacf6b38dcd0f5fbcd7f9d9850857a73eb08e8', '0006.chain-audit-events', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.691678'),
	('2f3030e0-e845-11f1-99a6-02fc00000001', '19a7c355d102c6cd0304694ebed6ede09c1a2fb24ec1d31bd80fbb6facd941cf', '0007.create-token-addresses', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.727183'),
	('2f335d38-e845-11f1-99a6-02fc00000001', '0fdb4f60458cb52242fd2e35b98b2604010b2c3a323ca940922bf0475de937ae', '0008.create-settings', 'apply', 'aiwebengine', 'localhost', NULL, '2026-11-24 20:25:26.747974');
INSERT INTO public._yoyo_migration VALUES
	('6c91f971991294621bf3f74fad0124dbcf8b57ec973035db08a706b43bb755f5', '0001.create-users', '2026-11-24 20:25:26.459683'),
	('c7e8942783ceef48edd03c521d20f673c1ded61a19a34efae93890f221558a9d', '0002.create-sign-in', '2026-11-24 20:25:26.513676'),
	('c86b9300e2018a5aa8a1f37307b3c36c1e89bc8564205b5a07118c6e1d9bc7ce', '0003.create-audit-events', '2026-11-24 20:25:26.568695'),
	('c82f1015fb57b551b4cdb1a8f9952e7cffec9a51a50af0ffbb01a85124017e1e', '0004.create-sign-in-attempts', '2026-11-24 20:25:26.612641'),
	('59b368e7d92f80aec03beb175552d01e7cba5b91a8bfa45b330dccda8a825cf3', '0005.create-rate-windows', '2026-11-24 20:25:26.640159'),
	('26612af23b26b796d803adddcbbacf6b38dcd0f5fbcd7f9d9850857a73eb08e8', '0006.chain-audit-events', '2026-11-24 20:25:26.69667'),
	('19a7c355d102c6cd0304694ebed6ede09c1a2fb24ec1d31bd80fbb6facd941cf', '0007.create-token-addresses', '2026-11-24 20:25:26.729296'),
	('0fdb4f60458cb52242fd2e35b98b2604010b2c3a323ca940922bf0475de937ae', '0008.create-settings', '2026-11-24 20:25:26.752356');
INSERT INTO public._yoyo_version VALUES
	(2, '2026-11-24 20:25:26.246235');
INSERT INTO public.api_tokens VALUES
	('586b7f24-e3c6-4479-899a-5149afe2ae14', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'nightly', 'awe_cKxXbP', '\xeddf30060442f4b80f9fe09c455c6b839c9a14ef019d959c3773f5f62aec3913', '{read,users:write,ops:write,scripts:write}', NULL, '2026-11-24 20:25:34.359054+00', NULL, '2026-11-24 20:25:35.246303+00', '127.0.0.1', NULL);
INSERT INTO public.audit_chain VALUES
	(1, 1, '\x5519177ed0ca709cac06aa453d1bd8a90e12ea5d033b8b9e91b84777985b03d1'),
	(2, 2, '\x386c2f912282e25de5ba2915aa5908380e447838d34aea60ac2779fe5a65d5c4'),
	(3, 3, '\x73ddb649177a36032a1cf040d21c14d706046d5f8faec70ee52aa2edc68ab45f'),
	(4, 4, '\x68124469b5e2fa029fae7679d39d5964ce2f514f5c32e1530c3203a52700466d'),
	(5, 5, '\x5e4ff6cb56052d89b6bb2b893f0ec77218cd5c6f56db916b6cf7c7641c4e6930'),
	(6, 6, '\x2ea05570a148da46e976181b87d39f342745ce5c8dc581ae17c4b724b0883ba6'),
	(7, 7, '\xb8c978e9d0ed8ffd6bca6bfa7625c8dcd1c60c6dc736fe5cf5d6aa79aa789c5f'),
	(8, 8, '\xb124fe841dbaddd4b5128e446cbf65c27a7fa30bd04a1395d23ad29b4ccb0efb'),
	(9, 9, '\x204528d3eb40d8cb28091852357b02911f7e733096e4115ba199340800794241'),
	(10, 10, '\xcc5aa1bfb9e97e86ceabcc42ca3ed77405e77a0945bf91f291b666a3921494f7');
INSERT INTO public.audit_events OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-24 20:25:31.699194+00', 'user.created', 'operator', NULL, 'sign-in link', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', NULL, NULL, NULL, NULL, NULL, '2781751d8cb0e056', '127.0.0.1', 'python-httpx2/2.16.2', 'web'),
	(2, '2026-11-24 20:25:31.716143+00', 'role.granted', 'operator', NULL, 'sign-in link', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', NULL, '{"role": "Administrator"}', NULL, NULL, NULL, '2781751d8cb0e056', '127.0.0.1', 'python-httpx2/2.16.2', 'web'),
	(3, '2026-11-24 20:25:31.722138+00', 'session.signed_in', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', NULL, '{"session": "3300226d-255d-4231-bd3e-d6b66710bdca", "provider": "link"}', NULL, '3300226d-255d-4231-bd3e-d6b66710bdca', NULL, '2781751d8cb0e056', '127.0.0.1', 'python-httpx2/2.16.2', 'web'),
	(4, '2026-11-24 20:25:34.376006+00', 'token.created', 'operator', NULL, 'aiwebengine (command line)', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', NULL, '{"name": "nightly", "token": "586b7f24-e3c6-4479-899a-5149afe2ae14", "prefix": "awe_cKxXbP", "scopes": ["read", "users:write", "ops:write", "scripts:write"], "expiresAt": null}', NULL, NULL, NULL, NULL, NULL, NULL, 'cli'),
	(5, '2026-11-24 20:25:35.267294+00', 'token.new_address', 'token', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', 'user', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', NULL, '{"token": "586b7f24-e3c6-4479-899a-5149afe2ae14", "address": "127.0.0.1"}', NULL, NULL, '586b7f24-e3c6-4479-899a-5149afe2ae14', '50c63a788000d073', '127.0.0.1', 'python-httpx2/2.16.2', 'graphql'),
	(6, '2026-11-24 20:25:35.309955+00', 'user.invited', 'token', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', 'user', '8d55f38e-8607-4ccb-92a5-93519185a9b6', 'grace@example.com', NULL, NULL, NULL, NULL, '586b7f24-e3c6-4479-899a-5149afe2ae14', '50c63a788000d073', '127.0.0.1', 'python-httpx2/2.16.2', 'graphql'),
	(7, '2026-11-24 20:25:35.426167+00', 'user.invited', 'token', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', 'user', '73a1a091-ea55-489b-bf1b-4fdb62b9e9ca', 'edith@example.com', NULL, NULL, NULL, NULL, '586b7f24-e3c6-4479-899a-5149afe2ae14', '5bf4625dbd7a5d48', '127.0.0.1', 'python-httpx2/2.16.2', 'graphql'),
	(8, '2026-11-24 20:25:35.547217+00', 'user.invited', 'token', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', 'user', '1971e341-5b44-4458-b359-28c4f463bae3', 'alan@example.com', NULL, NULL, NULL, NULL, '586b7f24-e3c6-4479-899a-5149afe2ae14', '8406f4fa310472a6', '127.0.0.1', 'python-httpx2/2.16.2', 'graphql'),
	(9, '2026-11-24 20:25:38.200279+00', 'role.granted', 'operator', NULL, 'aiwebengine (command line)', 'user', '73a1a091-ea55-489b-bf1b-4fdb62b9e9ca', 'edith@example.com', NULL, '{"role": "Editor"}', 'writes', NULL, NULL, NULL, NULL, NULL, 'cli'),
	(10, '2026-11-24 20:25:42.659345+00', 'user.suspended', 'operator', NULL, 'aiwebengine (command line)', 'user', '1971e341-5b44-4458-b359-28c4f463bae3', 'alan@example.com', '{"status": "invited"}', '{"status": "suspended"}', NULL, NULL, NULL, NULL, NULL, NULL, 'cli');
INSERT INTO public.identities VALUES
	('google', 'c0cf6fae-393b-4fb4-8b41-c04e4a0d1bb0', 'c0cf6fae-393b-4fb4-8b41-c04e4a0d1bb0', 'sophie.ito.0@demo.example.com', true, '2025-05-20 13:03:46.686598+00', NULL),
	('google', '83c4fcb1-2984-4fbf-81f8-4501956873cb', '83c4fcb1-2984-4fbf-81f8-4501956873cb', 'jean.lamarr.1@demo.example.com', true, '2026-02-02 05:58:40.871576+00', NULL),
	('github', '453af600-f2a7-41a1-a637-0d1efa973e2b', '453af600-f2a7-41a1-a637-0d1efa973e2b', 'ivan.hopper.2@demo.example.com', true, '2025-09-24 23:34:14.796341+00', NULL),
	('google', '02b45264-49d3-4a52-8a64-f873611059e0', '02b45264-49d3-4a52-8a64-f873611059e0', 'bjarne.garcia.3@demo.example.com', true, '2026-08-14 20:04:40.639431+00', NULL),
	('google', 'f63b68f9-cc68-4748-8138-4bfb32cb3c70', 'f63b68f9-cc68-4748-8138-4bfb32cb3c70', 'joan.perlman.4@demo.example.com', true, '2025-04-12 09:25:05.280072+00', NULL),
	('google', '4f9cc941-fa66-4d88-915d-47f994f4f98c', '4f9cc941-fa66-4d88-915d-47f994f4f98c', 'barbara.rossi.5@demo.example.com', true, '2026-10-02 00:27:24.015018+00', NULL),
	('github', '5a31c3ec-7b38-4c71-85c5-8df545a8042d', '5a31c3ec-7b38-4c71-85c5-8df545a8042d', 'ivan.lovelace.6@demo.example.com', true, '2026-09-12 08:08:20.193561+00', NULL),
	('github', '9d4196bd-4c29-42d1-abb1-2711f8ce4e7e', '9d4196bd-4c29-42d1-abb1-2711f8ce4e7e', 'ken.duarte.7@demo.example.com', true, '2024-12-19 05:28:49.960812+00', NULL),
	('google', '29a77c16-d09d-4c98-b765-086c98e4ad98', '29a77c16-d09d-4c98-b765-086c98e4ad98', 'edith.allen.8@demo.example.com', true, '2025-04-16 04:20:11.683484+00', NULL),
	('apple', '25a66ed6-d4c9-4ffc-b5cd-5022a6feeba3', '25a66ed6-d4c9-4ffc-b5cd-5022a6feeba3', 'anita.rossi.9@demo.example.com', true, '2025-03-21 14:01:33.578266+00', NULL),
	('google', '8f6d67cf-9ee1-48aa-8c10-841dc79a796e', '8f6d67cf-9ee1-48aa-8c10-841dc79a796e', 'ken.adeyemi.10@demo.example.com', true, '2025-09-04 03:59:13.855451+00', NULL),
	('google', 'd45eb089-8747-4165-99ec-f221e15846c7', 'd45eb089-8747-4165-99ec-f221e15846c7', 'donald.rossi.11@demo.example.com', true, '2026-04-01 10:50:37.221646+00', NULL),
	('github', 'a68fe363-073c-4a7e-950d-51a5f36c0a73', 'a68fe363-073c-4a7e-950d-51a5f36c0a73', 'john.eriksen.12@demo.example.com', true, '2026-06-03 15:52:22.93923+00', NULL),
	('github', '0bf2c8f1-0190-46bc-bcf5-162cfedc056e', '0bf2c8f1-0190-46bc-bcf5-162cfedc056e', 'hedy.berg.13@demo.example.com', true, '2026-09-27 03:00:48.121103+00', NULL),
	('google', 'eab7907c-035d-456a-a7fe-27d4263b509c', 'eab7907c-035d-456a-a7fe-27d4263b509c', 'ivan.borg.14@demo.example.com', true, '2026-04-18 19:04:34.716241+00', NULL),
	('github', 'e948c63b-4939-4fe0-b7eb-6cb5cc1394ae', 'e948c63b-4939-4fe0-b7eb-6cb5cc1394ae', 'joan.hamilton.15@demo.example.com', true, '2025-04-09 06:57:52.787338+00', NULL),
	('microsoft', 'b42bfeb0-723f-44a0-870e-6312f0f8aa60', 'b42bfeb0-723f-44a0-870e-6312f0f8aa60', 'joan.marino.16@demo.example.com', true, '2026-04-28 20:40:07.820583+00', NULL),
	('google', 'f4676f4f-2bd5-465b-955c-95f132fe0c6a', 'f4676f4f-2bd5-465b-955c-95f132fe0c6a', 'evelyn.marino.17@demo.example.com', true, '2026-06-01 02:42:24.302258+00', NULL),
	('google', 'ae3c922e-1824-4a09-bee8-e39681ce48a2', 'ae3c922e-1824-4a09-bee8-e39681ce48a2', 'alan.nguyen.18@demo.example.com', true, '2024-12-08 12:03:09.556146+00', NULL),
	('google', 'ca2b5037-f47c-4e82-a24a-61cefb15cdf8', 'ca2b5037-f47c-4e82-a24a-61cefb15cdf8', 'anita.park.19@demo.example.com', true, '2025-05-20 19:12:12.222582+00', NULL),
	('github', '3da22e3d-8f97-415a-ae93-b32ed219b232', '3da22e3d-8f97-415a-ae93-b32ed219b232', 'radia.berg.20@demo.example.com', true, '2025-02-07 04:25:51.678565+00', NULL),
	('github', 'a32c5425-15f3-4358-a8fd-60a5de344a03', 'a32c5425-15f3-4358-a8fd-60a5de344a03', 'leslie.ito.21@demo.example.com', true, '2025-03-23 05:01:30.924993+00', NULL),
	('github', 'b1de8552-2e4a-44c6-a9aa-9a3df753e450', 'b1de8552-2e4a-44c6-a9aa-9a3df753e450', 'niklaus.eriksen.22@demo.example.com', true, '2025-03-14 17:25:47.992614+00', NULL),
	('apple', 'c151d5f4-000f-43ed-887e-826bfd34169e', 'c151d5f4-000f-43ed-887e-826bfd34169e', 'radia.jackson.23@demo.example.com', true, '2025-09-27 16:10:03.071102+00', NULL),
	('google', '64fd4cec-947e-4c71-9a57-cf97552ec75b', '64fd4cec-947e-4c71-9a57-cf97552ec75b', 'ken.perlman.24@demo.example.com', true, '2025-01-24 11:36:50.290467+00', NULL),
	('google', 'e760016a-f310-477f-962a-c6c7fa3e28f1', 'e760016a-f310-477f-962a-c6c7fa3e28f1', 'evelyn.nguyen.25@demo.example.com', true, '2026-09-01 15:29:47.772225+00', NULL),
	('google', '0458d704-0ee7-4dd5-a987-d428fe7858c1', '0458d704-0ee7-4dd5-a987-d428fe7858c1', 'sophie.duarte.26@demo.example.com', true, '2026-05-31 10:26:24.034164+00', NULL),
	('microsoft', 'ad0149c4-91ac-4b32-89fa-27e0e1e37097', 'ad0149c4-91ac-4b32-89fa-27e0e1e37097', 'linus.eriksen.27@demo.example.com', true, '2026-02-26 05:55:46.29084+00', NULL),
	('apple', 'edecffa3-333d-4d4f-aae9-10dc8b106c0f', 'edecffa3-333d-4d4f-aae9-10dc8b106c0f', 'radia.allen.28@demo.example.com', true, '2026-09-12 09:46:49.273779+00', NULL),
	('github', '7d9a23bb-54da-46eb-a6bb-9e05af6d5e6a', '7d9a23bb-54da-46eb-a6bb-9e05af6d5e6a', 'donald.allen.29@demo.example.com', true, '2025-04-07 08:28:35.036842+00', NULL),
	('google', '50edff9a-235e-4663-bea5-ca45dafd121f', '50edff9a-235e-4663-bea5-ca45dafd121f', 'katherine.park.30@demo.example.com', true, '2026-10-01 19:59:54.674053+00', NULL),
	('google', '4806413b-a54d-47eb-add6-0f24cdfc8d2a', '4806413b-a54d-47eb-add6-0f24cdfc8d2a', 'katherine.visser.31@demo.example.com', true, '2025-09-30 09:43:42.450604+00', NULL),
	('google', '5cea35e6-5dfc-4052-b5da-4ec443060564', '5cea35e6-5dfc-4052-b5da-4ec443060564', 'radia.borg.32@demo.example.com', true, '2026-10-29 06:50:08.192617+00', NULL),
	('google', 'b28b1db7-7be5-4e1e-baaf-a67b27d86bfa', 'b28b1db7-7be5-4e1e-baaf-a67b27d86bfa', 'linus.borg.33@demo.example.com', true, '2025-12-10 00:15:01.768668+00', NULL),
	('google', 'fa59106d-426b-4b3a-9d87-837a1f041c8b', 'fa59106d-426b-4b3a-9d87-837a1f041c8b', 'leslie.adeyemi.34@demo.example.com', true, '2025-10-23 13:25:10.916157+00', NULL),
	('microsoft', 'c8203b99-4656-4b17-ab8f-13cdc4bdb059', 'c8203b99-4656-4b17-ab8f-13cdc4bdb059', 'anita.eriksen.35@demo.example.com', true, '2026-10-03 07:28:48.387805+00', NULL),
	('google', '88baa716-19a6-40ee-b4b9-871d3369464f', '88baa716-19a6-40ee-b4b9-871d3369464f', 'carol.allen.36@demo.example.com', true, '2025-11-22 04:42:45.132251+00', NULL),
	('apple', '7778db33-1233-4d88-976d-8f38c4903e72', '7778db33-1233-4d88-976d-8f38c4903e72', 'linus.ito.37@demo.example.com', true, '2026-07-02 07:42:38.37251+00', NULL),
	('apple', '0a7e016f-1766-4f68-becb-247fe94d75c0', '0a7e016f-1766-4f68-becb-247fe94d75c0', 'ivan.visser.38@demo.example.com', true, '2025-02-04 04:03:14.298851+00', NULL),
	('apple', '5ec456f8-5323-4e5a-954c-f28d82cc9780', '5ec456f8-5323-4e5a-954c-f28d82cc9780', 'leslie.duarte.39@demo.example.com', true, '2024-12-19 06:29:14.376109+00', NULL);
INSERT INTO public.migration_checksums VALUES
	('0001.create-users', 'e276c68a145cf105857c2f3764e08805254cf8396c5dcc133710280187ec1e0d', '2026-11-24 20:25:26.469058+00'),
	('0002.create-sign-in', '308588c4f23aaa47b0613a0c15f442ec83a7c9ac8b832fa080a5417028155e78', '2026-11-24 20:25:26.522027+00'),
	('0003.create-audit-events', '9a06e4928ab889e540bd854e3e733c1c913175d71b67f119010949374f631453', '2026-11-24 20:25:26.573933+00'),
	('0004.create-sign-in-attempts', '7ade8b54b1e4fe08652b129ec86c21c6e86d3582e240d272854f49494f59b892', '2026-11-24 20:25:26.616463+00'),
	('0005.create-rate-windows', '9ed0d8fc681001d81241192a51126ccda9394717fe2a9b6b2affc257cb12f743', '2026-11-24 20:25:26.648303+00'),
	('0006.chain-audit-events', '219a7c5ad7c8f10888181d9e4bc6944a4fcfea791800b5f6ba4253cc7d966e96', '2026-11-24 20:25:26.708688+00'),
	('0007.create-token-addresses', '3182fd2b9cc0b2a6582cab6917924b826cd27dbc21674c0cbfbe019193bac3df', '2026-11-24 20:25:26.731364+00'),
	('0008.create-settings', '396219fc430e94947d20a4197170a5afeec0409884f58a227f7deadc9fd1541b', '2026-11-24 20:25:26.758311+00');
INSERT INTO public.sessions VALUES
	('3300226d-255d-4231-bd3e-d6b66710bdca', '0aae896f-8d0a-4796-b80e-46bd8b29d4fa', '\x1cf2a1e5e36b9db9cf9fd67bf4edaa38aafea49a5656bc7ce4da527420e03abc', 'link', '127.0.0.1', 'python-httpx2/2.16.2', '2026-11-24 20:25:31.694084+00', '2026-11-24 20:25:31.694084+00', '2026-12-01 20:25:31.694084+00');
INSERT INTO public.settings VALUES
	('server.base_url', '{"value": null}'),
	('server.request_timeout_secs', '{"value": 30}'),
	('server.shutdown_timeout_secs', '{"value": 30}'),
	('server.trusted_proxies', '{"value": []}'),
	('logging.level', '{"value": "info"}'),
	('logging.format', '{"value": "pretty"}'),
	('logging.rotation', '{"value": "daily"}'),
	('logging.retention_days', '{"value": 30}'),
	('logging.compress', '{"value": true}'),
	('repository.max_connections', '{"value": 50}'),
	('repository.slow_query_ms', '{"value": 1000}'),
	('repository.acquire_timeout_secs', '{"value": 5}'),
	('repository.statement_timeout_secs', '{"value": 10}'),
	('repository.apply_migrations_at_start', '{"value": true}'),
	('auth.bootstrap_admins', '{"value": []}'),
	('auth.allow_sign_up', '{"value": true}'),
	('auth.allowed_domains', '{"value": []}'),
	('auth.session_timeout', '{"value": "P7D"}'),
	('auth.session_idle_timeout', '{"value": "PT12H"}'),
	('auth.max_concurrent_sessions', '{"value": 5}'),
	('auth.sudo_minutes', '{"value": 30}'),
	('security.rate_limit_per_minute', '{"value": null}'),
	('security.max_request_body_bytes', '{"value": 1048576}'),
	('security.cors_allowed_origins', '{"value": []}'),
	('security.api_key', '{"value": null}'),
	('security.content_security_policy', '{"value": null}'),
	('performance.enable_compression', '{"value": true}'),
	('performance.cache_size_mb', '{"value": 64}'),
	('performance.cache_ttl_seconds', '{"value": 300}'),
	('performance.worker_pool_size', '{"value": 1}'),
	('backup.directory', '{"value": "backups"}'),
	('backup.schedule', '{"value": "0 2 * * *"}'),
	('backup.retention_days', '{"value": 30}'),
	('backup.s3', '{"value": null}');
INSERT INTO public.signing_keys VALUES
	('cursors', '\x139d7b0a935f7e7e398b3783cac591e11e3ab270ea8e2b991491966bd434999d', '2026-11-24 20:25:26.768356+00'),
	('settings', '\xf742f2d79f1e65a5d37565be99c9497ae69c03527c4d315f7d367d4e2984f8a0', '2026-11-24 20:25:31.494357+00');
INSERT INTO public.token_addresses VALUES
	('586b7f24-e3c6-4479-899a-5149afe2ae14', '127.0.0.1', '2026-11-24 20:25:35.264318+00');
INSERT INTO public.user_roles VALUES
	('c0cf6fae-393b-4fb4-8b41-c04e4a0d1bb0', 'Administrator', '2025-05-20 13:03:46.686598+00', 'demo (command line)', NULL, NULL),
	('83c4fcb1-2984-4fbf-81f8-4501956873cb', 'Administrator', '2026-02-02 05:58:40.871576+00', 'demo (command line)', NULL, NULL),
	('453af600-f2a7-41a1-a637-0d1efa973e2b', 'Administrator', '2025-09-24 23:34:14.796341+00', 'demo (command line)', NULL, NULL),
	('02b45264-49d3-4a52-8a64-f873611059e0', 'Editor', '2026-08-14 20:04:40.639431+00', 'demo (command line)', NULL, NULL),
	('02b45264-49d3-4a52-8a64-f873611059e0', 'Administrator', '2026-08-14 20:04:40.639431+00', 'demo (command line)', NULL, NULL),
	('b42bfeb0-723f-44a0-870e-6312f0f8aa60', 'Editor', '2026-04-28 20:40:07.820583+00', 'demo (command line)', NULL, NULL),
	('5cea35e6-5dfc-4052-b5da-4ec443060564', 'Editor', '2026-10-29 06:50:08.192617+00', 'demo (command line)', NULL, NULL),
	('88baa716-19a6-40ee-b4b9-871d3369464f', 'Editor', '2025-11-22 04:42:45.132251+00', 'demo (command line)', NULL, NULL),
	('5ec456f8-5323-4e5a-954c-f28d82cc9780', 'Editor', '2024-12-19 06:29:14.376109+00', 'demo (command line)', NULL, NULL),
	('0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'Administrator', '2026-11-24 20:25:31.694084+00', 'sign-in link', NULL, NULL),
	('73a1a091-ea55-489b-bf1b-4fdb62b9e9ca', 'Editor', '2026-11-24 20:25:38.182841+00', 'aiwebengine (command line)', 'writes', NULL);
INSERT INTO public.users VALUES
	('c0cf6fae-393b-4fb4-8b41-c04e4a0d1bb0', 'sophie.ito.0@demo.example.com', 'Sophie Ito', NULL, 'active', 1, '2025-05-20 13:03:46.686598+00', '2025-05-20 13:03:46.686598+00', NULL, DEFAULT),
	('83c4fcb1-2984-4fbf-81f8-4501956873cb', 'jean.lamarr.1@demo.example.com', 'Jean Lamarr', NULL, 'active', 1, '2026-02-02 05:58:40.871576+00', '2026-02-02 05:58:40.871576+00', NULL, DEFAULT),
	('453af600-f2a7-41a1-a637-0d1efa973e2b', 'ivan.hopper.2@demo.example.com', 'Ivan Hopper', NULL, 'active', 1, '2025-09-24 23:34:14.796341+00', '2025-09-24 23:34:14.796341+00', NULL, DEFAULT),
	('02b45264-49d3-4a52-8a64-f873611059e0', 'bjarne.garcia.3@demo.example.com', 'Bjarne Garcia', NULL, 'active', 1, '2026-08-14 20:04:40.639431+00', '2026-08-14 20:04:40.639431+00', NULL, DEFAULT),
	('f63b68f9-cc68-4748-8138-4bfb32cb3c70', 'joan.perlman.4@demo.example.com', 'Joan Perlman', NULL, 'active', 1, '2025-04-12 09:25:05.280072+00', '2025-04-12 09:25:05.280072+00', '2025-04-12 09:25:05.280072+00', DEFAULT),
	('4f9cc941-fa66-4d88-915d-47f994f4f98c', 'barbara.rossi.5@demo.example.com', 'Barbara Rossi', NULL, 'active', 1, '2026-10-02 00:27:24.015018+00', '2026-10-02 00:27:24.015018+00', '2026-10-02 00:27:24.015018+00', DEFAULT),
	('5a31c3ec-7b38-4c71-85c5-8df545a8042d', 'ivan.lovelace.6@demo.example.com', 'Ivan Lovelace', NULL, 'active', 1, '2026-09-12 08:08:20.193561+00', '2026-09-12 08:08:20.193561+00', '2026-09-12 08:08:20.193561+00', DEFAULT),
	('9d4196bd-4c29-42d1-abb1-2711f8ce4e7e', 'ken.duarte.7@demo.example.com', 'Ken Duarte', NULL, 'active', 1, '2024-12-19 05:28:49.960812+00', '2024-12-19 05:28:49.960812+00', '2024-12-19 05:28:49.960812+00', DEFAULT),
	('29a77c16-d09d-4c98-b765-086c98e4ad98', 'edith.allen.8@demo.example.com', 'Edith Allen', NULL, 'active', 1, '2025-04-16 04:20:11.683484+00', '2025-04-16 04:20:11.683484+00', '2025-04-16 04:20:11.683484+00', DEFAULT),
	('25a66ed6-d4c9-4ffc-b5cd-5022a6feeba3', 'anita.rossi.9@demo.example.com', 'Anita Rossi', NULL, 'active', 1, '2025-03-21 14:01:33.578266+00', '2025-03-21 14:01:33.578266+00', '2025-03-21 14:01:33.578266+00', DEFAULT),
	('8f6d67cf-9ee1-48aa-8c10-841dc79a796e', 'ken.adeyemi.10@demo.example.com', 'Ken Adeyemi', NULL, 'active', 1, '2025-09-04 03:59:13.855451+00', '2025-09-04 03:59:13.855451+00', '2025-09-04 03:59:13.855451+00', DEFAULT),
	('d45eb089-8747-4165-99ec-f221e15846c7', 'donald.rossi.11@demo.example.com', 'Donald Rossi', NULL, 'active', 1, '2026-04-01 10:50:37.221646+00', '2026-04-01 10:50:37.221646+00', '2026-04-01 10:50:37.221646+00', DEFAULT),
	('a68fe363-073c-4a7e-950d-51a5f36c0a73', 'john.eriksen.12@demo.example.com', 'John Eriksen', NULL, 'active', 1, '2026-06-03 15:52:22.93923+00', '2026-06-03 15:52:22.93923+00', '2026-06-03 15:52:22.93923+00', DEFAULT),
	('0bf2c8f1-0190-46bc-bcf5-162cfedc056e', 'hedy.berg.13@demo.example.com', 'Hedy Berg', NULL, 'active', 1, '2026-09-27 03:00:48.121103+00', '2026-09-27 03:00:48.121103+00', '2026-09-27 03:00:48.121103+00', DEFAULT),
	('eab7907c-035d-456a-a7fe-27d4263b509c', 'ivan.borg.14@demo.example.com', 'Ivan Borg', NULL, 'active', 1, '2026-04-18 19:04:34.716241+00', '2026-04-18 19:04:34.716241+00', '2026-04-18 19:04:34.716241+00', DEFAULT),
	('e948c63b-4939-4fe0-b7eb-6cb5cc1394ae', 'joan.hamilton.15@demo.example.com', 'Joan Hamilton', NULL, 'active', 1, '2025-04-09 06:57:52.787338+00', '2025-04-09 06:57:52.787338+00', '2025-04-09 06:57:52.787338+00', DEFAULT),
	('b42bfeb0-723f-44a0-870e-6312f0f8aa60', 'joan.marino.16@demo.example.com', 'Joan Marino', NULL, 'active', 1, '2026-04-28 20:40:07.820583+00', '2026-04-28 20:40:07.820583+00', '2026-04-28 20:40:07.820583+00', DEFAULT),
	('f4676f4f-2bd5-465b-955c-95f132fe0c6a', 'evelyn.marino.17@demo.example.com', 'Evelyn Marino', NULL, 'active', 1, '2026-06-01 02:42:24.302258+00', '2026-06-01 02:42:24.302258+00', '2026-06-01 02:42:24.302258+00', DEFAULT),
	('ae3c922e-1824-4a09-bee8-e39681ce48a2', 'alan.nguyen.18@demo.example.com', 'Alan Nguyen', NULL, 'active', 1, '2024-12-08 12:03:09.556146+00', '2024-12-08 12:03:09.556146+00', '2024-12-08 12:03:09.556146+00', DEFAULT),
	('ca2b5037-f47c-4e82-a24a-61cefb15cdf8', 'anita.park.19@demo.example.com', 'Anita Park', NULL, 'active', 1, '2025-05-20 19:12:12.222582+00', '2025-05-20 19:12:12.222582+00', '2025-05-20 19:12:12.222582+00', DEFAULT),
	('3da22e3d-8f97-415a-ae93-b32ed219b232', 'radia.berg.20@demo.example.com', 'Radia Berg', NULL, 'active', 1, '2025-02-07 04:25:51.678565+00', '2025-02-07 04:25:51.678565+00', '2025-02-07 04:25:51.678565+00', DEFAULT),
	('a32c5425-15f3-4358-a8fd-60a5de344a03', 'leslie.ito.21@demo.example.com', 'Leslie Ito', NULL, 'active', 1, '2025-03-23 05:01:30.924993+00', '2025-03-23 05:01:30.924993+00', '2025-03-23 05:01:30.924993+00', DEFAULT),
	('b1de8552-2e4a-44c6-a9aa-9a3df753e450', 'niklaus.eriksen.22@demo.example.com', 'Niklaus Eriksen', NULL, 'active', 1, '2025-03-14 17:25:47.992614+00', '2025-03-14 17:25:47.992614+00', '2025-03-14 17:25:47.992614+00', DEFAULT),
	('c151d5f4-000f-43ed-887e-826bfd34169e', 'radia.jackson.23@demo.example.com', 'Radia Jackson', NULL, 'active', 1, '2025-09-27 16:10:03.071102+00', '2025-09-27 16:10:03.071102+00', '2025-09-27 16:10:03.071102+00', DEFAULT),
	('64fd4cec-947e-4c71-9a57-cf97552ec75b', 'ken.perlman.24@demo.example.com', 'Ken Perlman', NULL, 'active', 1, '2025-01-24 11:36:50.290467+00', '2025-01-24 11:36:50.290467+00', '2025-01-24 11:36:50.290467+00', DEFAULT),
	('e760016a-f310-477f-962a-c6c7fa3e28f1', 'evelyn.nguyen.25@demo.example.com', 'Evelyn Nguyen', NULL, 'active', 1, '2026-09-01 15:29:47.772225+00', '2026-09-01 15:29:47.772225+00', '2026-09-01 15:29:47.772225+00', DEFAULT),
	('0458d704-0ee7-4dd5-a987-d428fe7858c1', 'sophie.duarte.26@demo.example.com', 'Sophie Duarte', NULL, 'active', 1, '2026-05-31 10:26:24.034164+00', '2026-05-31 10:26:24.034164+00', '2026-05-31 10:26:24.034164+00', DEFAULT),
	('ad0149c4-91ac-4b32-89fa-27e0e1e37097', 'linus.eriksen.27@demo.example.com', 'Linus Eriksen', NULL, 'active', 1, '2026-02-26 05:55:46.29084+00', '2026-02-26 05:55:46.29084+00', '2026-02-26 05:55:46.29084+00', DEFAULT),
	('edecffa3-333d-4d4f-aae9-10dc8b106c0f', 'radia.allen.28@demo.example.com', 'Radia Allen', NULL, 'active', 1, '2026-09-12 09:46:49.273779+00', '2026-09-12 09:46:49.273779+00', '2026-09-12 09:46:49.273779+00', DEFAULT),
	('7d9a23bb-54da-46eb-a6bb-9e05af6d5e6a', 'donald.allen.29@demo.example.com', 'Donald Allen', NULL, 'active', 1, '2025-04-07 08:28:35.036842+00', '2025-04-07 08:28:35.036842+00', '2025-04-07 08:28:35.036842+00', DEFAULT),
	('50edff9a-235e-4663-bea5-ca45dafd121f', 'katherine.park.30@demo.example.com', 'Katherine Park', NULL, 'active', 1, '2026-10-01 19:59:54.674053+00', '2026-10-01 19:59:54.674053+00', '2026-10-01 19:59:54.674053+00', DEFAULT),
	('4806413b-a54d-47eb-add6-0f24cdfc8d2a', 'katherine.visser.31@demo.example.com', 'Katherine Visser', NULL, 'active', 1, '2025-09-30 09:43:42.450604+00', '2025-09-30 09:43:42.450604+00', '2025-09-30 09:43:42.450604+00', DEFAULT),
	('5cea35e6-5dfc-4052-b5da-4ec443060564', 'radia.borg.32@demo.example.com', 'Radia Borg', NULL, 'active', 1, '2026-10-29 06:50:08.192617+00', '2026-10-29 06:50:08.192617+00', '2026-10-29 06:50:08.192617+00', DEFAULT),
	('b28b1db7-7be5-4e1e-baaf-a67b27d86bfa', 'linus.borg.33@demo.example.com', 'Linus Borg', NULL, 'active', 1, '2025-12-10 00:15:01.768668+00', '2025-12-10 00:15:01.768668+00', '2025-12-10 00:15:01.768668+00', DEFAULT),
	('fa59106d-426b-4b3a-9d87-837a1f041c8b', 'leslie.adeyemi.34@demo.example.com', 'Leslie Adeyemi', NULL, 'active', 1, '2025-10-23 13:25:10.916157+00', '2025-10-23 13:25:10.916157+00', '2025-10-23 13:25:10.916157+00', DEFAULT),
	('c8203b99-4656-4b17-ab8f-13cdc4bdb059', 'anita.eriksen.35@demo.example.com', 'Anita Eriksen', NULL, 'active', 1, '2026-10-03 07:28:48.387805+00', '2026-10-03 07:28:48.387805+00', '2026-10-03 07:28:48.387805+00', DEFAULT),
	('88baa716-19a6-40ee-b4b9-871d3369464f', 'carol.allen.36@demo.example.com', 'Carol Allen', NULL, 'active', 1, '2025-11-22 04:42:45.132251+00', '2025-11-22 04:42:45.132251+00', '2025-11-22 04:42:45.132251+00', DEFAULT),
	('7778db33-1233-4d88-976d-8f38c4903e72', 'linus.ito.37@demo.example.com', 'Linus Ito', NULL, 'active', 1, '2026-07-02 07:42:38.37251+00', '2026-07-02 07:42:38.37251+00', '2026-07-02 07:42:38.37251+00', DEFAULT),
	('0a7e016f-1766-4f68-becb-247fe94d75c0', 'ivan.visser.38@demo.example.com', 'Ivan Visser', NULL, 'active', 1, '2025-02-04 04:03:14.298851+00', '2025-02-04 04:03:14.298851+00', '2025-02-04 04:03:14.298851+00', DEFAULT),
	('5ec456f8-5323-4e5a-954c-f28d82cc9780', 'leslie.duarte.39@demo.example.com', 'Leslie Duarte', NULL, 'active', 1, '2024-12-19 06:29:14.376109+00', '2024-12-19 06:29:14.376109+00', '2024-12-19 06:29:14.376109+00', DEFAULT),
	('8d55f38e-8607-4ccb-92a5-93519185a9b6', 'grace@example.com', '', NULL, 'invited', 1, '2026-11-24 20:25:35.294277+00', '2026-11-24 20:25:35.294277+00', NULL, DEFAULT),
	('0aae896f-8d0a-4796-b80e-46bd8b29d4fa', 'admin@localhost', '', NULL, 'active', 2, '2026-11-24 20:25:31.694084+00', '2026-11-24 20:25:31.694084+00', '2026-11-24 20:25:31.694084+00', DEFAULT),
	('73a1a091-ea55-489b-bf1b-4fdb62b9e9ca', 'edith@example.com', '', NULL, 'invited', 2, '2026-11-24 20:25:35.419075+00', '2026-11-24 20:25:38.182841+00', NULL, DEFAULT),
	('1971e341-5b44-4458-b359-28c4f463bae3', 'alan@example.com', '', NULL, 'suspended', 2, '2026-11-24 20:25:35.536075+00', '2026-11-24 20:25:42.607174+00', NULL, DEFAULT);
SELECT pg_catalog.setval('public.audit_events_id_seq', 10, true);
ALTER TABLE ONLY public._yoyo_log
    ADD CONSTRAINT _yoyo_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public._yoyo_migration
    ADD CONSTRAINT _yoyo_migration_pkey PRIMARY KEY (migration_hash);
ALTER TABLE ONLY public._yoyo_version
    ADD CONSTRAINT _yoyo_version_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_unsealed
    ADD CONSTRAINT audit_unsealed_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (provider, subject);
ALTER TABLE ONLY public.migration_checksums
    ADD CONSTRAINT migration_checksums_pkey PRIMARY KEY (migration_id);
ALTER TABLE ONLY public.rate_windows
    ADD CONSTRAINT rate_windows_pkey PRIMARY KEY (kind, address, minute);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_secret_hash_key UNIQUE (secret_hash);
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (state_hash);
ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (secret_hash);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (purpose);
ALTER TABLE ONLY public.token_addresses
    ADD CONSTRAINT token_addresses_pkey PRIMARY KEY (token_id, address);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.yoyo_lock
    ADD CONSTRAINT yoyo_lock_pkey PRIMARY KEY (locked);
CREATE INDEX api_tokens_user ON public.api_tokens USING btree (user_id, created_at);
CREATE INDEX audit_events_action ON public.audit_events USING btree (action, at, id);
CREATE INDEX audit_events_actor ON public.audit_events USING btree (actor_id, at, id);
CREATE INDEX audit_events_at ON public.audit_events USING btree (at, id);
CREATE INDEX audit_events_request ON public.audit_events USING btree (request_id);
CREATE INDEX audit_events_target ON public.audit_events USING btree (target_id, at, id);
CREATE INDEX audit_events_words ON public.audit_events USING gin (public.audit_words(actor_label, target_label, reason, request_id));
CREATE INDEX identities_provider ON public.identities USING btree (provider, user_id);
CREATE INDEX identities_user ON public.identities USING btree (user_id);
CREATE INDEX rate_windows_minute ON public.rate_windows USING btree (minute);
CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user ON public.sessions USING btree (user_id, created_at);
CREATE INDEX sign_in_attempts_expiry ON public.sign_in_attempts USING btree (expires_at);
CREATE INDEX user_roles_expiry ON public.user_roles USING btree (expires_at) WHERE (expires_at IS NOT NULL);
CREATE INDEX user_roles_role ON public.user_roles USING btree (role, user_id);
CREATE INDEX users_created ON public.users USING btree (created_at, id);
CREATE UNIQUE INDEX users_email ON public.users USING btree (lower(email));
CREATE INDEX users_name ON public.users USING btree (lower(name), id);
CREATE INDEX users_not_active ON public.users USING btree (status, created_at, id) WHERE (status <> 'active'::text);
CREATE INDEX users_search ON public.users USING gin (public.search_grams(search_text, 1));
CREATE TRIGGER audit_chain_append_only BEFORE DELETE OR UPDATE ON public.audit_chain FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
CREATE TRIGGER audit_chain_never_emptied BEFORE TRUNCATE ON public.audit_chain FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();
CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION public.refuse_audit_change();
CREATE TRIGGER audit_events_await_seal AFTER INSERT ON public.audit_events REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.await_audit_seal();
CREATE TRIGGER audit_events_never_emptied BEFORE TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_audit_change();
ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_addresses
    ADD CONSTRAINT token_addresses_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
