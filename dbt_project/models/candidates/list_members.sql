-- list_members: who meets the Who of each list today, or is still within its looser keep rule?
--
-- One row per list and subject. Never typed by hand: every list that is on is here.
{% for list in var('lists') %}
select
    list, subject_type, subject_id, is_entry, score, rule_ids, stake_amount, due_on, talk_variant, baseline, facts,
    {{ as_of_column() }}
from {{ ref('list_' ~ list) }}
{% if not loop.last %}union all{% endif %}
{% else %}
-- depends on nothing: no list is on
select
    cast(null as {{ dbt.type_string() }}) as list, cast(null as {{ dbt.type_string() }}) as subject_type,
    cast(null as {{ dbt.type_string() }}) as subject_id, true as is_entry, cast(null as integer) as score,
    cast(null as {{ dbt.type_string() }}) as rule_ids, cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on, cast(null as {{ dbt.type_string() }}) as talk_variant,
    cast(null as {{ dbt.type_string() }}) as baseline, cast(null as {{ dbt.type_string() }}) as facts, {{ as_of_column() }}
where 1 = 0
{% endfor %}
