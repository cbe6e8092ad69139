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

CREATE FUNCTION public.count_script_values() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  -- A trial is rolled back: it must not make other writes wait until then.
  if current_setting('aiwebengine.is_trial', true) = 'on' then
    return null;
  end if;
  if tg_op = 'INSERT' then
    insert into script_value_totals as t (script_id, holder_id, keys, bytes)
    select script_id, holder_id, count(*), sum(size)
    from added
    group by script_id, holder_id
    order by script_id, holder_id
    on conflict (script_id, holder_id) do update
    set keys = t.keys + excluded.keys, bytes = t.bytes + excluded.bytes;
  elsif tg_op = 'UPDATE' then
    -- Within one statement no key changes.
    update script_value_totals t
    set bytes = t.bytes + d.bytes
    from (
      select script_id, holder_id, sum(size) as bytes
      from (
        select script_id, holder_id, size from added
        union all
        select script_id, holder_id, - size from removed
      ) as sizes
      group by script_id, holder_id
    ) as d
    where t.script_id = d.script_id and t.holder_id = d.holder_id and d.bytes <> 0;
  else
    update script_value_totals t
    set keys = t.keys - d.keys, bytes = t.bytes - d.bytes
    from (
      select script_id, holder_id, count(*) as keys, sum(size) as bytes
      from removed
      group by script_id, holder_id
    ) as d
    where t.script_id = d.script_id and t.holder_id = d.holder_id;
  end if;
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

CREATE TABLE public.access_review_entries (
    review_id bigint NOT NULL,
    "position" integer NOT NULL,
    user_id uuid NOT NULL,
    email text NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone NOT NULL,
    granted_by text NOT NULL,
    reason text,
    expires_at timestamp with time zone,
    last_signed_in_at timestamp with time zone,
    last_seen_at timestamp with time zone,
    api_tokens integer NOT NULL,
    token_last_used_at timestamp with time zone,
    decision text,
    note text,
    outcome text,
    detail text,
    decided_by text,
    decided_at timestamp with time zone,
    email_verified boolean,
    CONSTRAINT access_review_entries_decision_check CHECK ((decision = ANY (ARRAY['keep'::text, 'revoke'::text]))),
    CONSTRAINT access_review_entries_outcome_check CHECK ((outcome = ANY (ARRAY['kept'::text, 'revoked'::text, 'refused'::text, 'gone'::text])))
);

CREATE TABLE public.access_reviews (
    id bigint NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    started_by text NOT NULL,
    note text,
    finished_at timestamp with time zone,
    finished_by text,
    total integer DEFAULT 0 NOT NULL,
    kept integer DEFAULT 0 NOT NULL,
    revoked integer DEFAULT 0 NOT NULL,
    gone integer DEFAULT 0 NOT NULL
);

ALTER TABLE public.access_reviews ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.access_reviews_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alert_notices (
    id bigint NOT NULL,
    alert_id bigint NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    detail text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone NOT NULL,
    claimed_until timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    last_error text
);

ALTER TABLE public.alert_notices ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alert_notices_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.alert_position (
    is_only boolean DEFAULT true NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT alert_position_is_only_check CHECK (is_only)
);

COMMENT ON TABLE public.alert_position IS 'the last seal of the trail whose event was looked at';

CREATE TABLE public.alerts (
    id bigint NOT NULL,
    name text NOT NULL,
    instance text NOT NULL,
    state text NOT NULL,
    severity text NOT NULL,
    title text NOT NULL,
    detail text NOT NULL,
    since timestamp with time zone NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    calm_since timestamp with time zone,
    settle_secs double precision DEFAULT 0 NOT NULL,
    reminded_at timestamp with time zone DEFAULT now() NOT NULL,
    over_at timestamp with time zone,
    CONSTRAINT alerts_state_check CHECK ((state = ANY (ARRAY['open'::text, 'over'::text, 'event'::text])))
);

COMMENT ON COLUMN public.alerts.instance IS 'empty when it concerns all instances';

COMMENT ON COLUMN public.alerts.calm_since IS 'since when all has been well while the alert is open';

ALTER TABLE public.alerts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.alerts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
    parent_id uuid,
    made_by_id uuid,
    made_by text,
    client_id uuid,
    audience text,
    secret_expires_at timestamp with time zone,
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

CREATE TABLE public.backup_runs (
    id integer NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    backup_name text NOT NULL,
    actor_label text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    progress double precision DEFAULT 0 NOT NULL,
    step text DEFAULT ''::text NOT NULL,
    problem text,
    details jsonb,
    transfer text,
    CONSTRAINT backup_runs_check CHECK (((state = 'running'::text) = (ended_at IS NULL))),
    CONSTRAINT backup_runs_kind_check CHECK ((kind = ANY (ARRAY['create'::text, 'verify'::text, 'restore'::text, 'drill'::text]))),
    CONSTRAINT backup_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE public.backup_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.backup_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.bootstrap_appointments (
    email_key text NOT NULL,
    appointed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.database_sizes (
    hour timestamp with time zone NOT NULL,
    size_bytes bigint NOT NULL
);

CREATE TABLE public.engine_workers (
    id uuid NOT NULL,
    instance_id uuid NOT NULL,
    instance_started_at timestamp with time zone NOT NULL,
    instance_workers integer NOT NULL,
    place integer NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    requests bigint NOT NULL,
    errors bigint NOT NULL,
    memory_bytes bigint NOT NULL,
    cpu_percent double precision NOT NULL,
    loop_lag_secs double precision NOT NULL,
    pool_in_use integer NOT NULL,
    pool_maximum integer NOT NULL,
    subscriptions integer NOT NULL
);

CREATE TABLE public.health_states (
    instance text NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    since timestamp with time zone NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.identities (
    provider text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    email text,
    email_verified boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    address_proved_at timestamp with time zone
);

CREATE TABLE public.maintenance_board (
    began_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.maintenance_ticks (
    id bigint NOT NULL,
    item text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    done_by text NOT NULL,
    note text
);

ALTER TABLE public.maintenance_ticks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.maintenance_ticks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.migration_checksums (
    migration_id text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    event_id bigint
);

CREATE TABLE public.oauth_authorizations (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    client_id uuid NOT NULL,
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    audience text NOT NULL,
    challenge text NOT NULL,
    state text,
    form_hash bytea,
    code_hash bytea,
    expires_at timestamp with time zone NOT NULL,
    token_id uuid,
    CONSTRAINT oauth_authorizations_audience_check CHECK ((length(audience) <= 500)),
    CONSTRAINT oauth_authorizations_challenge_check CHECK ((length(challenge) <= 128)),
    CONSTRAINT oauth_authorizations_check CHECK (((form_hash IS NULL) <> (code_hash IS NULL))),
    CONSTRAINT oauth_authorizations_redirect_uri_check CHECK ((length(redirect_uri) <= 1000)),
    CONSTRAINT oauth_authorizations_scopes_check CHECK ((length((scopes)::text) <= 500)),
    CONSTRAINT oauth_authorizations_state_check CHECK ((length(state) <= 1000))
);

CREATE TABLE public.oauth_clients (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    redirect_uris text[] NOT NULL,
    secret_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT oauth_clients_name_check CHECK ((length(name) <= 100)),
    CONSTRAINT oauth_clients_redirect_uris_check CHECK ((((cardinality(redirect_uris) >= 1) AND (cardinality(redirect_uris) <= 10)) AND (length((redirect_uris)::text) <= 6000)))
);

CREATE TABLE public.oauth_refresh_tokens (
    secret_hash bytea NOT NULL,
    token_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
);

CREATE TABLE public.program_versions (
    version text NOT NULL,
    first_started_at timestamp with time zone DEFAULT now() NOT NULL,
    last_started_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.rate_windows (
    kind text NOT NULL,
    address text NOT NULL,
    minute bigint NOT NULL,
    hits bigint NOT NULL
);

CREATE TABLE public.refusal_counts (
    action text NOT NULL,
    target_type text NOT NULL,
    target text NOT NULL,
    cause text NOT NULL,
    waiting bigint NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    recorded_at timestamp with time zone,
    CONSTRAINT refusal_counts_action_check CHECK ((length(action) <= 100)),
    CONSTRAINT refusal_counts_cause_check CHECK ((length(cause) <= 400)),
    CONSTRAINT refusal_counts_target_check CHECK ((length(target) <= 400)),
    CONSTRAINT refusal_counts_target_type_check CHECK ((length(target_type) <= 100))
);

COMMENT ON COLUMN public.refusal_counts.waiting IS 'refusals that no event tells yet';

CREATE TABLE public.runs (
    id bigint NOT NULL,
    kind text NOT NULL,
    task text,
    due_at timestamp with time zone,
    subject text,
    state text DEFAULT 'running'::text NOT NULL,
    outcome text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    beat_at timestamp with time zone DEFAULT now() NOT NULL,
    is_locked boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone,
    started_by text NOT NULL,
    actor text NOT NULL,
    instance text NOT NULL,
    stopped_by text,
    result text,
    problem text,
    progress double precision DEFAULT 0 NOT NULL,
    step text DEFAULT ''::text NOT NULL,
    lines text[] DEFAULT '{}'::text[] NOT NULL,
    facts jsonb,
    CONSTRAINT runs_check CHECK (((state = 'running'::text) = (ended_at IS NULL))),
    CONSTRAINT runs_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text]))),
    CONSTRAINT runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'stopped'::text, 'interrupted'::text])))
);

ALTER TABLE public.runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.scheduled_tasks (
    name text NOT NULL,
    schedule text NOT NULL,
    time_zone text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.script_activations (
    is_only boolean DEFAULT true NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT script_activations_is_only_check CHECK (is_only)
);

CREATE TABLE public.script_activity (
    script_id uuid NOT NULL,
    hour timestamp with time zone NOT NULL,
    requests bigint NOT NULL,
    errors bigint NOT NULL
);

CREATE TABLE public.script_assets (
    script_id uuid NOT NULL,
    path text NOT NULL,
    digest text NOT NULL,
    size integer NOT NULL,
    content_type text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_assets_content_type_check CHECK ((length(content_type) <= 100)),
    CONSTRAINT script_assets_digest_check CHECK ((length(digest) <= 64)),
    CONSTRAINT script_assets_path_check CHECK ((length(path) <= 200))
);

CREATE TABLE public.script_blobs (
    digest text NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT script_blobs_digest_check CHECK ((length(digest) <= 64))
);

CREATE TABLE public.script_databases (
    script_id uuid NOT NULL,
    role text NOT NULL,
    password text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_databases_password_check CHECK ((length(password) <= 200)),
    CONSTRAINT script_databases_role_check CHECK ((length(role) <= 63))
);

CREATE TABLE public.script_deliveries (
    message_id bigint NOT NULL,
    script_id uuid NOT NULL,
    sender_id uuid,
    state text DEFAULT 'pending'::text NOT NULL,
    next_at timestamp with time zone NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    runner bigint,
    problem text,
    died_at timestamp with time zone,
    held_by xid8,
    CONSTRAINT script_deliveries_problem_check CHECK ((length(problem) <= 2000)),
    CONSTRAINT script_deliveries_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'dead'::text])))
);

CREATE TABLE public.script_deployments (
    id bigint NOT NULL,
    script_id uuid NOT NULL,
    version integer NOT NULL,
    previous_version integer,
    kind text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    by_name text NOT NULL,
    CONSTRAINT script_deployments_by_name_check CHECK ((length(by_name) <= 400)),
    CONSTRAINT script_deployments_kind_check CHECK ((kind = ANY (ARRAY['deployed'::text, 'rolled_back'::text])))
);

ALTER TABLE public.script_deployments ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_deployments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_draft_files (
    script_id uuid NOT NULL,
    user_id uuid NOT NULL,
    path text NOT NULL,
    content bytea,
    CONSTRAINT script_draft_files_path_check CHECK ((length(path) <= 200))
);

CREATE SEQUENCE public.script_draft_revisions
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
    CYCLE;

CREATE TABLE public.script_drafts (
    script_id uuid NOT NULL,
    user_id uuid NOT NULL,
    base_version integer NOT NULL,
    revision integer NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.script_failures (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    script_id uuid NOT NULL,
    version integer NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    request_id text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    headers jsonb NOT NULL,
    body bytea,
    message text NOT NULL,
    CONSTRAINT script_failures_body_check CHECK ((length(body) <= 200000)),
    CONSTRAINT script_failures_headers_check CHECK ((length((headers)::text) <= 200000)),
    CONSTRAINT script_failures_message_check CHECK ((length(message) <= 1000)),
    CONSTRAINT script_failures_method_check CHECK ((length(method) <= 20)),
    CONSTRAINT script_failures_path_check CHECK ((length(path) <= 4000)),
    CONSTRAINT script_failures_request_id_check CHECK ((length(request_id) <= 100))
);

CREATE TABLE public.script_fetch_hosts (
    script_id uuid NOT NULL,
    hosts text[] NOT NULL,
    CONSTRAINT script_fetch_hosts_hosts_check CHECK (((cardinality(hosts) <= 50) AND (length(array_to_string(hosts, ','::text)) <= 13000)))
);

CREATE TABLE public.script_files (
    script_id uuid NOT NULL,
    version integer NOT NULL,
    path text NOT NULL,
    digest text NOT NULL,
    CONSTRAINT script_files_digest_check CHECK ((length(digest) <= 64)),
    CONSTRAINT script_files_path_check CHECK ((length(path) <= 200))
);

CREATE TABLE public.script_graphql_names (
    script_id uuid NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    digest text DEFAULT ''::text NOT NULL,
    CONSTRAINT script_graphql_names_digest_check CHECK ((length(digest) <= 64)),
    CONSTRAINT script_graphql_names_kind_check CHECK ((kind = ANY (ARRAY['query'::text, 'mutation'::text, 'subscription'::text, 'type'::text]))),
    CONSTRAINT script_graphql_names_name_check CHECK ((length(name) <= 100))
);

CREATE TABLE public.script_listeners (
    script_id uuid NOT NULL,
    type text NOT NULL,
    handler text NOT NULL,
    CONSTRAINT script_listeners_handler_check CHECK ((length(handler) <= 600)),
    CONSTRAINT script_listeners_type_check CHECK (((length(type) >= 1) AND (length(type) <= 200)))
);

CREATE TABLE public.script_log (
    id bigint NOT NULL,
    script_id uuid NOT NULL,
    version integer,
    at timestamp with time zone DEFAULT now() NOT NULL,
    level text NOT NULL,
    request_id text,
    route text,
    text text NOT NULL,
    file text,
    line integer,
    col integer,
    CONSTRAINT script_log_file_check CHECK ((length(file) <= 300)),
    CONSTRAINT script_log_level_check CHECK ((level = ANY (ARRAY['debug'::text, 'info'::text, 'warn'::text, 'error'::text]))),
    CONSTRAINT script_log_request_id_check CHECK ((length(request_id) <= 200)),
    CONSTRAINT script_log_route_check CHECK ((length(route) <= 600)),
    CONSTRAINT script_log_text_check CHECK ((length(text) <= 10000))
);

ALTER TABLE public.script_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_mcp_names (
    kind text NOT NULL,
    name text NOT NULL,
    script_id uuid NOT NULL,
    CONSTRAINT script_mcp_names_kind_check CHECK ((kind = ANY (ARRAY['tool'::text, 'prompt'::text]))),
    CONSTRAINT script_mcp_names_name_check CHECK ((length(name) <= 128))
);

CREATE TABLE public.script_message_keys (
    sender_id uuid NOT NULL,
    key text NOT NULL,
    message_id bigint NOT NULL,
    receivers integer NOT NULL,
    held_by xid8,
    sent_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_message_keys_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE SEQUENCE public.script_message_numbers
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.script_messages (
    id bigint NOT NULL,
    sender_id uuid,
    sender text NOT NULL,
    type text NOT NULL,
    data text NOT NULL,
    hops integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    request_id text,
    CONSTRAINT script_messages_data_check CHECK ((octet_length(data) <= 300000)),
    CONSTRAINT script_messages_request_id_check CHECK ((length(request_id) <= 200)),
    CONSTRAINT script_messages_sender_check CHECK ((length(sender) <= 63)),
    CONSTRAINT script_messages_type_check CHECK (((length(type) >= 1) AND (length(type) <= 200)))
);

ALTER TABLE public.script_messages ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_messages_sent (
    number bigint NOT NULL,
    script_id uuid NOT NULL,
    channel text NOT NULL,
    own_id text,
    body text NOT NULL,
    sent_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT script_messages_sent_body_check CHECK ((length(body) <= 600000)),
    CONSTRAINT script_messages_sent_channel_check CHECK ((length(channel) <= 600)),
    CONSTRAINT script_messages_sent_own_id_check CHECK ((length(own_id) <= 200))
);

CREATE TABLE public.script_migrations (
    script_id uuid NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    rollback text,
    digest text NOT NULL,
    version integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_migrations_digest_check CHECK ((length(digest) <= 64)),
    CONSTRAINT script_migrations_name_check CHECK ((length(name) <= 200)),
    CONSTRAINT script_migrations_rollback_check CHECK ((length(rollback) <= 1048576)),
    CONSTRAINT script_migrations_source_check CHECK ((length(source) <= 1048576))
);

CREATE TABLE public.script_owners (
    script_id uuid NOT NULL,
    user_id uuid NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    added_by text NOT NULL,
    CONSTRAINT script_owners_added_by_check CHECK ((length(added_by) <= 400))
);

CREATE TABLE public.script_requests (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    script_id uuid NOT NULL,
    name text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    headers jsonb NOT NULL,
    body text NOT NULL,
    as_viewer boolean NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL,
    saved_by text NOT NULL,
    CONSTRAINT script_requests_body_check CHECK ((length(body) <= 256000)),
    CONSTRAINT script_requests_headers_check CHECK ((length((headers)::text) <= 500000)),
    CONSTRAINT script_requests_method_check CHECK ((length(method) <= 20)),
    CONSTRAINT script_requests_name_check CHECK ((length(name) <= 100)),
    CONSTRAINT script_requests_path_check CHECK ((length(path) <= 8000)),
    CONSTRAINT script_requests_saved_by_check CHECK ((length(saved_by) <= 400))
);

CREATE TABLE public.script_routes (
    host text DEFAULT ''::text NOT NULL,
    shape text NOT NULL,
    method text NOT NULL,
    declared_method text NOT NULL,
    path text NOT NULL,
    kind text NOT NULL,
    handler text NOT NULL,
    script_id uuid NOT NULL,
    CONSTRAINT script_routes_declared_method_check CHECK ((length(declared_method) <= 10)),
    CONSTRAINT script_routes_handler_check CHECK ((length(handler) <= 600)),
    CONSTRAINT script_routes_host_check CHECK ((length(host) <= 253)),
    CONSTRAINT script_routes_method_check CHECK ((length(method) <= 10)),
    CONSTRAINT script_routes_path_check CHECK ((length(path) <= 500)),
    CONSTRAINT script_routes_shape_check CHECK ((length(shape) <= 500))
);

CREATE TABLE public.script_schedule_runs (
    id bigint NOT NULL,
    script_id uuid NOT NULL,
    name text NOT NULL,
    version integer,
    due_at timestamp with time zone NOT NULL,
    attempt integer NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    started_by text NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    request_id text NOT NULL,
    runner bigint NOT NULL,
    problem text,
    CONSTRAINT script_schedule_runs_check CHECK (((state = 'running'::text) = (ended_at IS NULL))),
    CONSTRAINT script_schedule_runs_name_check CHECK ((length(name) <= 100)),
    CONSTRAINT script_schedule_runs_problem_check CHECK ((length(problem) <= 2000)),
    CONSTRAINT script_schedule_runs_request_id_check CHECK ((length(request_id) <= 200)),
    CONSTRAINT script_schedule_runs_started_by_check CHECK ((length(started_by) <= 400)),
    CONSTRAINT script_schedule_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'interrupted'::text])))
);

ALTER TABLE public.script_schedule_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.script_schedule_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.script_schedules (
    script_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    cron text,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    every_ms bigint,
    anchor timestamp with time zone NOT NULL,
    handler text NOT NULL,
    is_declared boolean DEFAULT false NOT NULL,
    retries integer NOT NULL,
    data text,
    next_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    asked_by text,
    runner bigint,
    is_cancelled boolean DEFAULT false NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_schedules_asked_by_check CHECK ((length(asked_by) <= 400)),
    CONSTRAINT script_schedules_cron_check CHECK ((length(cron) <= 200)),
    CONSTRAINT script_schedules_data_check CHECK ((octet_length(data) <= 70000)),
    CONSTRAINT script_schedules_every_ms_check CHECK ((every_ms > 0)),
    CONSTRAINT script_schedules_handler_check CHECK ((length(handler) <= 600)),
    CONSTRAINT script_schedules_kind_check CHECK ((kind = ANY (ARRAY['once'::text, 'every'::text, 'cron'::text]))),
    CONSTRAINT script_schedules_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT script_schedules_retries_check CHECK ((retries >= 0)),
    CONSTRAINT script_schedules_time_zone_check CHECK ((length(time_zone) <= 100))
);

CREATE TABLE public.script_secrets (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    script_id uuid NOT NULL,
    user_id uuid,
    name text NOT NULL,
    hosts text[] NOT NULL,
    key_number integer NOT NULL,
    ciphertext bytea NOT NULL,
    set_at timestamp with time zone DEFAULT now() NOT NULL,
    set_by text NOT NULL,
    CONSTRAINT script_secrets_ciphertext_check CHECK ((length(ciphertext) <= 17000)),
    CONSTRAINT script_secrets_hosts_check CHECK (((cardinality(hosts) <= 50) AND (length(array_to_string(hosts, ','::text)) <= 13000))),
    CONSTRAINT script_secrets_set_by_check CHECK ((length(set_by) <= 400))
);

CREATE TABLE public.script_sessions (
    session_id uuid NOT NULL,
    host text NOT NULL,
    code_hash bytea,
    code_expires_at timestamp with time zone NOT NULL,
    secret_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    browser_hash bytea,
    CONSTRAINT script_sessions_check CHECK (((code_hash IS NULL) <> (secret_hash IS NULL))),
    CONSTRAINT script_sessions_host_check CHECK ((length(host) <= 253))
);

CREATE TABLE public.script_user_roles (
    script_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    granted_by text NOT NULL,
    CONSTRAINT script_user_roles_granted_by_check CHECK ((length(granted_by) <= 400)),
    CONSTRAINT script_user_roles_role_check CHECK ((length(role) <= 50))
);

CREATE TABLE public.script_value_totals (
    script_id uuid NOT NULL,
    holder_id uuid NOT NULL,
    keys bigint NOT NULL,
    bytes bigint NOT NULL
);

CREATE SEQUENCE public.script_value_versions
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE public.script_values (
    script_id uuid NOT NULL,
    holder_id uuid NOT NULL,
    user_id uuid GENERATED ALWAYS AS (NULLIF(holder_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    key text NOT NULL COLLATE pg_catalog."C",
    value text NOT NULL,
    size integer GENERATED ALWAYS AS ((octet_length(key) + octet_length(value))) STORED,
    version bigint NOT NULL,
    expires_at timestamp with time zone,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT script_values_key_check CHECK (((key <> ''::text) AND (length(key) <= 500))),
    CONSTRAINT script_values_value_check CHECK ((length(value) <= 1000000))
);

CREATE TABLE public.script_versions (
    script_id uuid NOT NULL,
    number integer NOT NULL,
    parent integer,
    message text DEFAULT ''::text NOT NULL,
    author_id uuid,
    author_name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    digest text NOT NULL,
    entry text NOT NULL,
    dialect text NOT NULL,
    registrations jsonb,
    diagnostics jsonb DEFAULT '[]'::jsonb NOT NULL,
    deployed_at timestamp with time zone,
    CONSTRAINT script_versions_author_name_check CHECK ((length(author_name) <= 400)),
    CONSTRAINT script_versions_dialect_check CHECK ((dialect = ANY (ARRAY['module'::text, 'classic'::text]))),
    CONSTRAINT script_versions_digest_check CHECK ((length(digest) <= 64)),
    CONSTRAINT script_versions_entry_check CHECK ((length(entry) <= 200)),
    CONSTRAINT script_versions_message_check CHECK ((length(message) <= 2000))
);

CREATE TABLE public.scripts (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    newest_version integer DEFAULT 0 NOT NULL,
    active_version integer,
    host text,
    page_mode text DEFAULT 'sandboxed'::text NOT NULL,
    limits jsonb DEFAULT '{}'::jsonb NOT NULL,
    suspended_at timestamp with time zone,
    suspension_reason text,
    activation bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT scripts_created_by_check CHECK ((length(created_by) <= 400)),
    CONSTRAINT scripts_host_check CHECK ((length(host) <= 253)),
    CONSTRAINT scripts_page_mode_check CHECK ((page_mode = ANY (ARRAY['sandboxed'::text, 'full'::text]))),
    CONSTRAINT scripts_slug_check CHECK ((slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT scripts_suspension_reason_check CHECK ((length(suspension_reason) <= 500)),
    CONSTRAINT scripts_title_check CHECK ((length(title) <= 200))
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
    expires_at timestamp with time zone NOT NULL,
    authenticated_at timestamp with time zone
);

CREATE TABLE public.settings (
    key text NOT NULL,
    value jsonb NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sign_in_attempts (
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    provider text NOT NULL,
    nonce text NOT NULL,
    verifier text NOT NULL,
    redirect text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    again_as uuid,
    begun_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone
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
    number integer NOT NULL,
    signs_from timestamp with time zone DEFAULT now() NOT NULL,
    ends_at timestamp with time zone,
    CONSTRAINT signing_keys_number_check CHECK ((number > 0)),
    CONSTRAINT signing_keys_secret_check CHECK ((length(secret) >= 32))
);

CREATE TABLE public.system_samples (
    step_secs integer NOT NULL,
    at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    requests bigint NOT NULL,
    errors bigint NOT NULL,
    buckets bigint[] NOT NULL,
    cpu_seconds double precision NOT NULL,
    loop_lag_secs double precision NOT NULL,
    workers integer,
    memory_bytes bigint,
    pool_in_use integer,
    subscriptions integer,
    connections integer,
    database_bytes bigint
);

CREATE TABLE public.task_runs (
    id bigint NOT NULL,
    task text NOT NULL,
    due_at timestamp with time zone,
    state text DEFAULT 'running'::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    beat_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    started_by text NOT NULL,
    instance text NOT NULL,
    stopped_by text,
    result text,
    lines text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT task_runs_check CHECK (((state = 'running'::text) = (ended_at IS NULL))),
    CONSTRAINT task_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text, 'stopped'::text, 'interrupted'::text])))
);

ALTER TABLE public.task_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.task_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.timing_samples (
    kind text NOT NULL,
    at timestamp with time zone NOT NULL,
    name text NOT NULL,
    count bigint NOT NULL,
    errors bigint NOT NULL,
    seconds double precision NOT NULL,
    buckets bigint[] NOT NULL
);

CREATE TABLE public.token_addresses (
    token_id uuid NOT NULL,
    address text NOT NULL,
    first_used_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.user_addresses (
    email_key text NOT NULL,
    user_id uuid NOT NULL,
    email_verified_at timestamp with time zone,
    email_verified_by text
);

CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role text NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    granted_by text NOT NULL,
    reason text,
    expires_at timestamp with time zone,
    confirmed_unverified boolean DEFAULT false NOT NULL,
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

CREATE TABLE public.vacuum_runs (
    id bigint NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    started_by text NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    tables text[] NOT NULL,
    tables_done integer DEFAULT 0 NOT NULL,
    current_table text,
    phase text,
    percent real,
    message text,
    CONSTRAINT vacuum_runs_state_check CHECK ((state = ANY (ARRAY['running'::text, 'succeeded'::text, 'failed'::text])))
);

ALTER TABLE public.vacuum_runs ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.vacuum_runs_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.access_review_entries
    ADD CONSTRAINT access_review_entries_pkey PRIMARY KEY (review_id, "position");

ALTER TABLE ONLY public.access_review_entries
    ADD CONSTRAINT access_review_entries_review_id_user_id_role_key UNIQUE (review_id, user_id, role);

ALTER TABLE ONLY public.access_reviews
    ADD CONSTRAINT access_reviews_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alert_notices
    ADD CONSTRAINT alert_notices_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.alert_position
    ADD CONSTRAINT alert_position_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY public.alerts
    ADD CONSTRAINT alerts_pkey PRIMARY KEY (id);

ALTER TABLE public.api_tokens
    ADD CONSTRAINT api_tokens_audience_check CHECK ((length(audience) <= 500)) NOT VALID;

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_secret_hash_key UNIQUE (secret_hash);

ALTER TABLE public.api_tokens
    ADD CONSTRAINT api_tokens_text_is_bounded CHECK ((length(last_used_address) <= 100)) NOT VALID;

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_event_id_key UNIQUE (event_id);

ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY ("position");

ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_unsealed
    ADD CONSTRAINT audit_unsealed_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY public.backup_runs
    ADD CONSTRAINT backup_runs_pkey PRIMARY KEY (id);

ALTER TABLE public.backup_runs
    ADD CONSTRAINT backup_runs_transfer_check CHECK ((transfer = ANY (ARRAY['upload'::text, 'download'::text]))) NOT VALID;

ALTER TABLE ONLY public.bootstrap_appointments
    ADD CONSTRAINT bootstrap_appointments_pkey PRIMARY KEY (email_key);

ALTER TABLE ONLY public.database_sizes
    ADD CONSTRAINT database_sizes_pkey PRIMARY KEY (hour);

ALTER TABLE ONLY public.engine_workers
    ADD CONSTRAINT engine_workers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.health_states
    ADD CONSTRAINT health_states_pkey PRIMARY KEY (instance, name);

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (provider, subject);

ALTER TABLE public.identities
    ADD CONSTRAINT identities_text_is_bounded CHECK (((length(provider) <= 200) AND (length(subject) <= 1000) AND (length(email) <= 1000))) NOT VALID;

ALTER TABLE ONLY public.maintenance_ticks
    ADD CONSTRAINT maintenance_ticks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.migration_checksums
    ADD CONSTRAINT migration_checksums_pkey PRIMARY KEY (migration_id);

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_form_hash_key UNIQUE (form_hash);

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_clients
    ADD CONSTRAINT oauth_clients_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.oauth_refresh_tokens
    ADD CONSTRAINT oauth_refresh_tokens_pkey PRIMARY KEY (secret_hash);

ALTER TABLE ONLY public.program_versions
    ADD CONSTRAINT program_versions_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.rate_windows
    ADD CONSTRAINT rate_windows_pkey PRIMARY KEY (kind, address, minute);

ALTER TABLE public.rate_windows
    ADD CONSTRAINT rate_windows_text_is_bounded CHECK (((length(kind) <= 40) AND (length(address) <= 100))) NOT VALID;

ALTER TABLE ONLY public.refusal_counts
    ADD CONSTRAINT refusal_counts_pkey PRIMARY KEY (action, target_type, target, cause);

ALTER TABLE ONLY public.runs
    ADD CONSTRAINT runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.scheduled_tasks
    ADD CONSTRAINT scheduled_tasks_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.script_activations
    ADD CONSTRAINT script_activations_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY public.script_activity
    ADD CONSTRAINT script_activity_pkey PRIMARY KEY (script_id, hour);

ALTER TABLE ONLY public.script_assets
    ADD CONSTRAINT script_assets_pkey PRIMARY KEY (script_id, path);

ALTER TABLE ONLY public.script_blobs
    ADD CONSTRAINT script_blobs_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.script_databases
    ADD CONSTRAINT script_databases_pkey PRIMARY KEY (script_id);

ALTER TABLE ONLY public.script_databases
    ADD CONSTRAINT script_databases_role_key UNIQUE (role);

ALTER TABLE ONLY public.script_deliveries
    ADD CONSTRAINT script_deliveries_pkey PRIMARY KEY (message_id, script_id);

ALTER TABLE ONLY public.script_deployments
    ADD CONSTRAINT script_deployments_pkey PRIMARY KEY (id);

ALTER TABLE public.script_draft_files
    ADD CONSTRAINT script_draft_files_content_check CHECK ((length(content) <= 10000000)) NOT VALID;

ALTER TABLE ONLY public.script_draft_files
    ADD CONSTRAINT script_draft_files_pkey PRIMARY KEY (script_id, user_id, path);

ALTER TABLE ONLY public.script_drafts
    ADD CONSTRAINT script_drafts_pkey PRIMARY KEY (script_id, user_id);

ALTER TABLE ONLY public.script_failures
    ADD CONSTRAINT script_failures_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_fetch_hosts
    ADD CONSTRAINT script_fetch_hosts_pkey PRIMARY KEY (script_id);

ALTER TABLE ONLY public.script_files
    ADD CONSTRAINT script_files_pkey PRIMARY KEY (script_id, version, path);

ALTER TABLE ONLY public.script_graphql_names
    ADD CONSTRAINT script_graphql_names_pkey PRIMARY KEY (script_id, kind, name);

ALTER TABLE ONLY public.script_listeners
    ADD CONSTRAINT script_listeners_pkey PRIMARY KEY (type, script_id);

ALTER TABLE ONLY public.script_log
    ADD CONSTRAINT script_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_mcp_names
    ADD CONSTRAINT script_mcp_names_pkey PRIMARY KEY (kind, name);

ALTER TABLE ONLY public.script_message_keys
    ADD CONSTRAINT script_message_keys_pkey PRIMARY KEY (sender_id, key);

ALTER TABLE ONLY public.script_messages
    ADD CONSTRAINT script_messages_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_messages_sent
    ADD CONSTRAINT script_messages_sent_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.script_migrations
    ADD CONSTRAINT script_migrations_pkey PRIMARY KEY (script_id, name);

ALTER TABLE ONLY public.script_owners
    ADD CONSTRAINT script_owners_pkey PRIMARY KEY (script_id, user_id);

ALTER TABLE ONLY public.script_requests
    ADD CONSTRAINT script_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_requests
    ADD CONSTRAINT script_requests_script_id_name_key UNIQUE (script_id, name);

ALTER TABLE public.script_routes
    ADD CONSTRAINT script_routes_kind_check CHECK ((kind = ANY (ARRAY['route'::text, 'fetch'::text, 'asset'::text, 'stream'::text, 'socket'::text]))) NOT VALID;

ALTER TABLE ONLY public.script_routes
    ADD CONSTRAINT script_routes_pkey PRIMARY KEY (host, shape, method);

ALTER TABLE ONLY public.script_schedule_runs
    ADD CONSTRAINT script_schedule_runs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_schedules
    ADD CONSTRAINT script_schedules_pkey PRIMARY KEY (script_id, name);

ALTER TABLE public.script_secrets
    ADD CONSTRAINT script_secrets_name_check CHECK ((name ~ '^[A-Za-z][A-Za-z0-9_]{0,63}$'::text)) NOT VALID;

ALTER TABLE ONLY public.script_secrets
    ADD CONSTRAINT script_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.script_sessions
    ADD CONSTRAINT script_sessions_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY public.script_sessions
    ADD CONSTRAINT script_sessions_secret_hash_key UNIQUE (secret_hash);

ALTER TABLE ONLY public.script_user_roles
    ADD CONSTRAINT script_user_roles_pkey PRIMARY KEY (script_id, user_id, role);

ALTER TABLE ONLY public.script_value_totals
    ADD CONSTRAINT script_value_totals_pkey PRIMARY KEY (script_id, holder_id);

ALTER TABLE ONLY public.script_values
    ADD CONSTRAINT script_values_pkey PRIMARY KEY (script_id, holder_id, key);

ALTER TABLE ONLY public.script_versions
    ADD CONSTRAINT script_versions_pkey PRIMARY KEY (script_id, number);

ALTER TABLE ONLY public.scripts
    ADD CONSTRAINT scripts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_secret_hash_key UNIQUE (secret_hash);

ALTER TABLE public.sessions
    ADD CONSTRAINT sessions_text_is_bounded CHECK (((length(provider) <= 200) AND (length(address) <= 100) AND (length(user_agent) <= 300))) NOT VALID;

ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_pkey PRIMARY KEY (state_hash);

ALTER TABLE public.sign_in_attempts
    ADD CONSTRAINT sign_in_attempts_text_is_bounded CHECK (((length(provider) <= 200) AND (length(nonce) <= 200) AND (length(verifier) <= 200) AND (length(redirect) <= 2000))) NOT VALID;

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (secret_hash);

ALTER TABLE public.sign_in_links
    ADD CONSTRAINT sign_in_links_text_is_bounded CHECK ((length(email) <= 320)) NOT VALID;

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (purpose, number);

ALTER TABLE ONLY public.system_samples
    ADD CONSTRAINT system_samples_pkey PRIMARY KEY (step_secs, at);

ALTER TABLE ONLY public.task_runs
    ADD CONSTRAINT task_runs_pkey PRIMARY KEY (id);

ALTER TABLE public.timing_samples
    ADD CONSTRAINT timing_samples_kind_check CHECK ((kind = ANY (ARRAY['operation'::text, 'statement'::text, 'script'::text]))) NOT VALID;

ALTER TABLE ONLY public.timing_samples
    ADD CONSTRAINT timing_samples_pkey PRIMARY KEY (kind, at, name);

ALTER TABLE ONLY public.token_addresses
    ADD CONSTRAINT token_addresses_pkey PRIMARY KEY (token_id, address);

ALTER TABLE public.token_addresses
    ADD CONSTRAINT token_addresses_text_is_bounded CHECK ((length(address) <= 100)) NOT VALID;

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_pkey PRIMARY KEY (email_key);

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_user_id_key UNIQUE (user_id);

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role);

ALTER TABLE public.user_roles
    ADD CONSTRAINT user_roles_text_is_bounded CHECK (((length(granted_by) <= 400) AND (length(reason) <= 1000))) NOT VALID;

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

ALTER TABLE public.users
    ADD CONSTRAINT users_text_is_bounded CHECK ((length(picture_url) <= 2000)) NOT VALID;

ALTER TABLE ONLY public.vacuum_runs
    ADD CONSTRAINT vacuum_runs_pkey PRIMARY KEY (id);

CREATE INDEX access_review_entries_open ON public.access_review_entries USING btree (review_id, "position") WHERE ((outcome IS NULL) OR (outcome = 'refused'::text));

CREATE UNIQUE INDEX access_reviews_open ON public.access_reviews USING btree ((true)) WHERE (finished_at IS NULL);

CREATE INDEX alert_notices_alert_id ON public.alert_notices USING btree (alert_id);

CREATE INDEX alert_notices_sent ON public.alert_notices USING btree (channel, sent_at) WHERE (sent_at IS NOT NULL);

CREATE INDEX alert_notices_waiting ON public.alert_notices USING btree (channel, due_at) WHERE (sent_at IS NULL);

CREATE UNIQUE INDEX alerts_open ON public.alerts USING btree (name, instance) WHERE (state = 'open'::text);

CREATE INDEX alerts_over ON public.alerts USING btree (name, instance, over_at) WHERE (state = 'over'::text);

CREATE INDEX api_tokens_user ON public.api_tokens USING btree (user_id, created_at);

CREATE INDEX audit_events_action ON public.audit_events USING btree (action, at, id);

CREATE INDEX audit_events_actor ON public.audit_events USING btree (actor_id, at, id);

CREATE INDEX audit_events_at ON public.audit_events USING btree (at, id);

CREATE INDEX audit_events_request ON public.audit_events USING btree (request_id);

CREATE INDEX audit_events_target ON public.audit_events USING btree (target_id, at, id);

CREATE INDEX audit_events_words ON public.audit_events USING gin (public.audit_words(actor_label, target_label, reason, request_id));

CREATE INDEX backup_runs_backup ON public.backup_runs USING btree (backup_name, kind, id);

CREATE INDEX backup_runs_kind ON public.backup_runs USING btree (kind, id);

CREATE INDEX identities_provider ON public.identities USING btree (provider, user_id);

CREATE INDEX identities_user ON public.identities USING btree (user_id);

CREATE INDEX maintenance_ticks_item ON public.maintenance_ticks USING btree (item, id);

CREATE INDEX oauth_authorizations_client ON public.oauth_authorizations USING btree (client_id);

CREATE INDEX oauth_authorizations_expires ON public.oauth_authorizations USING btree (expires_at);

CREATE INDEX oauth_authorizations_session ON public.oauth_authorizations USING btree (session_id);

CREATE INDEX oauth_authorizations_token ON public.oauth_authorizations USING btree (token_id);

CREATE INDEX oauth_clients_created ON public.oauth_clients USING btree (created_at);

CREATE INDEX oauth_refresh_tokens_token ON public.oauth_refresh_tokens USING btree (token_id);

CREATE INDEX rate_windows_minute ON public.rate_windows USING btree (minute);

CREATE UNIQUE INDEX runs_due ON public.runs USING btree (task, due_at);

CREATE INDEX runs_ended ON public.runs USING btree (ended_at);

CREATE INDEX runs_kind ON public.runs USING btree (kind, id);

CREATE UNIQUE INDEX runs_running ON public.runs USING btree (task) WHERE (state = 'running'::text);

CREATE INDEX runs_subject ON public.runs USING btree (subject, kind, id);

CREATE INDEX runs_task ON public.runs USING btree (task, id);

CREATE INDEX script_activity_hour ON public.script_activity USING btree (hour);

CREATE INDEX script_assets_digest ON public.script_assets USING btree (digest);

CREATE INDEX script_deliveries_claimed ON public.script_deliveries USING btree (runner) WHERE (runner IS NOT NULL);

CREATE INDEX script_deliveries_dead ON public.script_deliveries USING btree (died_at) WHERE (state = 'dead'::text);

CREATE INDEX script_deliveries_due ON public.script_deliveries USING btree (script_id, next_at) WHERE ((state = 'pending'::text) AND (runner IS NULL));

CREATE INDEX script_deliveries_held ON public.script_deliveries USING btree (held_by) WHERE (held_by IS NOT NULL);

CREATE INDEX script_deliveries_listed ON public.script_deliveries USING btree (script_id, state, message_id);

CREATE INDEX script_deliveries_sender ON public.script_deliveries USING btree (sender_id) WHERE (state = 'pending'::text);

CREATE INDEX script_deployments_of_script ON public.script_deployments USING btree (script_id, id);

CREATE INDEX script_drafts_of_user ON public.script_drafts USING btree (user_id, saved_at);

CREATE INDEX script_drafts_saved_at ON public.script_drafts USING btree (saved_at);

CREATE INDEX script_failures_of_script ON public.script_failures USING btree (script_id, at DESC);

CREATE INDEX script_files_digest ON public.script_files USING btree (digest);

CREATE INDEX script_graphql_names_name ON public.script_graphql_names USING btree (kind, name);

CREATE INDEX script_listeners_script ON public.script_listeners USING btree (script_id);

CREATE INDEX script_log_at ON public.script_log USING btree (at);

CREATE INDEX script_log_request ON public.script_log USING btree (request_id) WHERE (request_id IS NOT NULL);

CREATE INDEX script_log_script ON public.script_log USING btree (script_id, id);

CREATE INDEX script_mcp_names_script ON public.script_mcp_names USING btree (script_id);

CREATE INDEX script_message_keys_sent ON public.script_message_keys USING btree (sent_at);

CREATE INDEX script_messages_sender ON public.script_messages USING btree (sender_id);

CREATE INDEX script_messages_sent_channel ON public.script_messages_sent USING btree (script_id, channel, number);

CREATE INDEX script_owners_user ON public.script_owners USING btree (user_id);

CREATE INDEX script_routes_script ON public.script_routes USING btree (script_id);

CREATE INDEX script_schedule_runs_name ON public.script_schedule_runs USING btree (script_id, name, id);

CREATE INDEX script_schedule_runs_running ON public.script_schedule_runs USING btree (runner) WHERE (state = 'running'::text);

CREATE INDEX script_schedule_runs_script ON public.script_schedule_runs USING btree (script_id, id);

CREATE INDEX script_schedules_claimed ON public.script_schedules USING btree (runner) WHERE (runner IS NOT NULL);

CREATE INDEX script_schedules_due ON public.script_schedules USING btree (script_id, next_at) WHERE (runner IS NULL);

CREATE INDEX script_secrets_key ON public.script_secrets USING btree (key_number);

CREATE UNIQUE INDEX script_secrets_of_script ON public.script_secrets USING btree (script_id, name) WHERE (user_id IS NULL);

CREATE UNIQUE INDEX script_secrets_of_user ON public.script_secrets USING btree (script_id, user_id, name) WHERE (user_id IS NOT NULL);

CREATE INDEX script_secrets_user ON public.script_secrets USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX script_sessions_code ON public.script_sessions USING btree (code_expires_at) WHERE (secret_hash IS NULL);

CREATE INDEX script_sessions_session ON public.script_sessions USING btree (session_id);

CREATE INDEX script_user_roles_user ON public.script_user_roles USING btree (user_id);

CREATE INDEX script_values_expiry ON public.script_values USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX script_values_user ON public.script_values USING btree (user_id) WHERE (user_id IS NOT NULL);

CREATE INDEX scripts_activation ON public.scripts USING btree (activation);

CREATE INDEX scripts_deleted ON public.scripts USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE UNIQUE INDEX scripts_slug ON public.scripts USING btree (slug) WHERE (deleted_at IS NULL);

CREATE INDEX sessions_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_user ON public.sessions USING btree (user_id, created_at);

CREATE INDEX sign_in_attempts_expiry ON public.sign_in_attempts USING btree (expires_at);

CREATE UNIQUE INDEX task_runs_due ON public.task_runs USING btree (task, due_at);

CREATE INDEX task_runs_ended ON public.task_runs USING btree (ended_at);

CREATE UNIQUE INDEX task_runs_running ON public.task_runs USING btree (task) WHERE (state = 'running'::text);

CREATE INDEX task_runs_task ON public.task_runs USING btree (task, id);

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

CREATE TRIGGER script_values_added AFTER INSERT ON public.script_values REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.count_script_values();

CREATE TRIGGER script_values_changed AFTER UPDATE ON public.script_values REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.count_script_values();

CREATE TRIGGER script_values_removed AFTER DELETE ON public.script_values REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION public.count_script_values();

ALTER TABLE ONLY public.access_review_entries
    ADD CONSTRAINT access_review_entries_review_id_fkey FOREIGN KEY (review_id) REFERENCES public.access_reviews(id);

ALTER TABLE ONLY public.alert_notices
    ADD CONSTRAINT alert_notices_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES public.alerts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(id);

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.api_tokens
    ADD CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.oauth_clients(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_authorizations
    ADD CONSTRAINT oauth_authorizations_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.oauth_refresh_tokens
    ADD CONSTRAINT oauth_refresh_tokens_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_activity
    ADD CONSTRAINT script_activity_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_assets
    ADD CONSTRAINT script_assets_digest_fkey FOREIGN KEY (digest) REFERENCES public.script_blobs(digest);

ALTER TABLE ONLY public.script_assets
    ADD CONSTRAINT script_assets_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_deliveries
    ADD CONSTRAINT script_deliveries_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.script_messages(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_deliveries
    ADD CONSTRAINT script_deliveries_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_deployments
    ADD CONSTRAINT script_deployments_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_draft_files
    ADD CONSTRAINT script_draft_files_script_id_user_id_fkey FOREIGN KEY (script_id, user_id) REFERENCES public.script_drafts(script_id, user_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_drafts
    ADD CONSTRAINT script_drafts_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_drafts
    ADD CONSTRAINT script_drafts_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_failures
    ADD CONSTRAINT script_failures_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_fetch_hosts
    ADD CONSTRAINT script_fetch_hosts_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_files
    ADD CONSTRAINT script_files_digest_fkey FOREIGN KEY (digest) REFERENCES public.script_blobs(digest);

ALTER TABLE ONLY public.script_files
    ADD CONSTRAINT script_files_script_id_version_fkey FOREIGN KEY (script_id, version) REFERENCES public.script_versions(script_id, number) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_graphql_names
    ADD CONSTRAINT script_graphql_names_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_listeners
    ADD CONSTRAINT script_listeners_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_log
    ADD CONSTRAINT script_log_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_mcp_names
    ADD CONSTRAINT script_mcp_names_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_message_keys
    ADD CONSTRAINT script_message_keys_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_messages
    ADD CONSTRAINT script_messages_sender_id_fkey FOREIGN KEY (sender_id) REFERENCES public.scripts(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.script_migrations
    ADD CONSTRAINT script_migrations_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_owners
    ADD CONSTRAINT script_owners_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_owners
    ADD CONSTRAINT script_owners_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_requests
    ADD CONSTRAINT script_requests_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_routes
    ADD CONSTRAINT script_routes_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_schedule_runs
    ADD CONSTRAINT script_schedule_runs_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_schedules
    ADD CONSTRAINT script_schedules_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_secrets
    ADD CONSTRAINT script_secrets_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_secrets
    ADD CONSTRAINT script_secrets_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_sessions
    ADD CONSTRAINT script_sessions_session_id_fkey FOREIGN KEY (session_id) REFERENCES public.sessions(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_user_roles
    ADD CONSTRAINT script_user_roles_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_user_roles
    ADD CONSTRAINT script_user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_value_totals
    ADD CONSTRAINT script_value_totals_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_values
    ADD CONSTRAINT script_values_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_values
    ADD CONSTRAINT script_values_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.script_versions
    ADD CONSTRAINT script_versions_script_id_fkey FOREIGN KEY (script_id) REFERENCES public.scripts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.token_addresses
    ADD CONSTRAINT token_addresses_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.api_tokens(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_addresses
    ADD CONSTRAINT user_addresses_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
