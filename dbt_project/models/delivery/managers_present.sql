-- managers_present: which managers work on the list date?
--
-- One row per active manager. An absence whose end is not known goes on.
select
    manager_id,
    branch_id,
    manager_name,
    role,
    daily_capacity,
    substitute_id,
    not coalesce(absent_from <= {{ list_date() }} and coalesce(absent_until, {{ list_date() }}) >= {{ list_date() }}, false) as is_present,
    {{ as_of_column() }}
from {{ ref('stg_core__managers') }}
where is_active
