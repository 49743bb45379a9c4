/** Database flags as Cloud SQL offers them: https://cloud.google.com/sql/docs/postgres/flags#list-flags-postgres */

/** Flags that are PostgreSQL's own and take effect. */
const POSTGRES_FLAGS = new Set(
  `array_nulls autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold autovacuum_freeze_max_age
  autovacuum_max_workers autovacuum_multixact_freeze_max_age autovacuum_naptime autovacuum_vacuum_cost_delay
  autovacuum_vacuum_cost_limit autovacuum_vacuum_insert_scale_factor autovacuum_vacuum_insert_threshold
  autovacuum_vacuum_scale_factor autovacuum_vacuum_threshold autovacuum_work_mem bgwriter_delay bgwriter_lru_maxpages
  bgwriter_lru_multiplier bytea_output checkpoint_completion_target checkpoint_timeout checkpoint_warning
  client_connection_check_interval commit_delay commit_siblings constraint_exclusion cpu_index_tuple_cost
  cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction deadlock_timeout debug_print_parse debug_print_plan
  debug_print_rewritten default_statistics_target default_tablespace default_toast_compression
  default_transaction_deferrable default_transaction_isolation default_transaction_read_only effective_cache_size
  enable_async_append enable_bitmapscan enable_gathermerge enable_hashagg enable_hashjoin enable_incremental_sort
  enable_indexonlyscan enable_indexscan enable_material enable_memoize enable_mergejoin enable_nestloop
  enable_parallel_append enable_parallel_hash enable_partition_pruning enable_partitionwise_aggregate
  enable_partitionwise_join enable_seqscan enable_sort enable_tidscan force_parallel_mode from_collapse_limit geqo
  geqo_effort geqo_generations geqo_pool_size geqo_seed geqo_selection_bias geqo_threshold gin_fuzzy_search_limit
  gin_pending_list_limit hash_mem_multiplier hot_standby_feedback idle_in_transaction_session_timeout
  idle_session_timeout join_collapse_limit lock_timeout log_autovacuum_min_duration log_checkpoints log_connections
  log_disconnections log_duration log_error_verbosity log_executor_stats log_hostname log_lock_waits
  log_min_duration_sample log_min_duration_statement log_min_error_statement log_min_messages
  log_parameter_max_length log_parameter_max_length_on_error log_parser_stats log_planner_stats
  log_recovery_conflict_waits log_replication_commands log_statement log_statement_sample_rate log_statement_stats
  log_temp_files log_timezone log_transaction_sample_rate logical_decoding_work_mem maintenance_io_concurrency
  maintenance_work_mem max_connections max_files_per_process max_locks_per_transaction
  max_logical_replication_workers max_parallel_maintenance_workers max_parallel_workers
  max_parallel_workers_per_gather max_pred_locks_per_page max_pred_locks_per_relation
  max_pred_locks_per_transaction max_prepared_transactions max_replication_slots max_standby_archive_delay
  max_standby_streaming_delay max_sync_workers_per_subscription max_wal_senders max_worker_processes
  min_parallel_index_scan_size min_parallel_table_scan_size password_encryption plan_cache_mode
  quote_all_identifiers random_page_cost recovery_prefetch replacement_sort_tuples row_security search_path
  seq_page_cost session_replication_role standard_conforming_strings statement_timeout stats_fetch_consistency
  synchronize_seqscans synchronous_commit tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval
  temp_buffers temp_file_limit timezone track_activity_query_size track_commit_timestamp track_functions
  track_io_timing track_wal_io_timing transform_null_equals vacuum_cost_delay vacuum_cost_limit
  vacuum_cost_page_dirty vacuum_cost_page_hit vacuum_cost_page_miss vacuum_failsafe_age vacuum_freeze_min_age
  vacuum_freeze_table_age vacuum_multixact_failsafe_age vacuum_multixact_freeze_min_age
  vacuum_multixact_freeze_table_age wal_receiver_timeout wal_sender_timeout work_mem xmlbinary xmloption`.split(/\s+/),
)

/** Offered by Cloud SQL, gone from the version the emulator runs. */
const RETIRED = new Set(['force_parallel_mode', 'replacement_sort_tuples'])

/** Sized for a machine of its own; accepted, and left at the emulator's figures. */
const SIZED_LOCALLY = new Set([
  'shared_buffers',
  'huge_pages',
  'max_wal_size',
  'min_wal_size',
  'wal_buffers',
  'wal_compression',
  'max_slot_wal_keep_size',
  'effective_io_concurrency',
  'default_pool_size',
  'jit',
])

/** Cloud SQL's own and those of extensions: accepted by their prefix, without effect on the emulator. */
const FOREIGN =
  /^(cloudsql|anon|auto_explain|cron|orafce|pg_hint_plan|pg_stat_statements|pg_bigm|pgaudit|pgtt|plpgsql|postgis|temporal|google_[a-z_]+)\./

export interface DatabaseFlag {
  readonly name: string
  readonly value?: string
}

/** Undefined when the flag exists; else the reason, as the API words it. */
export function flagProblem({name}: DatabaseFlag): string | undefined {
  const known = POSTGRES_FLAGS.has(name) || SIZED_LOCALLY.has(name) || FOREIGN.test(name)
  return known ? undefined : `Invalid request: Flag requested cannot be set: ${name}.`
}

/** The lines for postgresql.conf, by name. */
export function effectiveFlags(flags: readonly DatabaseFlag[]): Record<string, string> {
  const effective = flags.filter(({name}) => POSTGRES_FLAGS.has(name) && !RETIRED.has(name))
  return Object.fromEntries(effective.map(({name, value}) => [name, value ?? '']))
}

/** Those that every instance of a replicated pair must share. https://cloud.google.com/sql/docs/postgres/use-advanced-disaster-recovery */
export const REPLICATED_FLAGS = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_parallel_workers',
  'max_locks_per_transaction',
  'max_parallel_maintenance_workers',
  'max_parallel_workers_per_gather',
] as const
