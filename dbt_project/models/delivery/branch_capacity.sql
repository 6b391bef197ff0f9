-- branch_capacity: which branches work today, and how many customers can each speak to?
--
-- One row per branch or outlet at work on the list date: not closed for good, and open on that weekday; on a working
-- weekend that the calendar makes up for a holiday all are. The managers present on the list date, capped by the branch's own figure; where a
-- branch has no managers in the data, its own figure, else the setting.
{% set weekday = modules.datetime.date.fromisoformat(var('list_date')).isoweekday() %}
with present as (
    select
        branch_id,
        cast(sum(case when is_present then daily_capacity else 0 end) as integer) as managers_capacity
    from {{ ref('managers_present') }}
    group by branch_id
)

select
    branches.branch_id,
    branches.branch_name,
    branches.parent_branch_id,
    cast(least(
        coalesce(present.managers_capacity, branches.daily_capacity, {{ var('default_branch_capacity') }}),
        coalesce(branches.daily_capacity, present.managers_capacity, {{ var('default_branch_capacity') }})
    ) as integer) as capacity,
    {{ as_of_column() }}
from {{ ref('stg_core__branches') }} as branches
left join present on branches.branch_id = present.branch_id
where branches.level in ('branch', 'outlet')
    and (branches.closed_on is null or branches.closed_on > {{ list_date() }})
    and (
        coalesce(branches.open_weekdays, '12345') like '%{{ weekday }}%'
        {#- the project is read once for all days: on that reading the calendar is named, whatever its weekday -#}
        {%- if weekday > 5 or not execute %}
        or (select count(*) > 0 from {{ ref('stg_core__calendar') }} where cal_date = {{ list_date() }} and is_business_day)
        {%- endif %}
    )
