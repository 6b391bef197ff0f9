-- report_branch_progress 过程监控: how far has each branch, and each of its managers, come with the leads it was given?
--
-- One row per open branch and period ('*' for manager_id), and per active manager and period: since the list date before
-- this one, the last 7 days, this month and this quarter, each up to the business date. A contact counts for whoever made
-- it, where that is a known manager, else for the lead's owner; for the branch that was shown the lead, else the manager's
-- own. A lead counts once in a period, however often it was shown or called. The target is the bank's (metric
-- lead_contacts of crm.targets, the part of it due by today) where there is one, else the day's capacity times the list
-- dates published in the period. The star has the most wins, then the most reached; nobody is one without a win.
{% set py = modules.datetime -%}
{% set day = py.date.fromisoformat(var('as_of')) -%}
{% set month = day.replace(day=1) -%}
{% set quarter = py.date(day.year, (day.month - 1) // 3 * 3 + 1, 1) -%}
{% set next_month = (month + py.timedelta(days=32)).replace(day=1) -%}
{% set next_quarter = (quarter + py.timedelta(days=95)).replace(day=1) -%}
with periods as (
    select '1_day' as period, {{ recent_since(1) }} as since, '-' as target_period, 1 as days_past, 1 as days_whole
    union all
    select '7_days' as period, {{ plus_days(as_of(), -6) }} as since, '-' as target_period, 7 as days_past, 7 as days_whole
    union all
    select
        'month' as period,
        cast('{{ month }}' as date) as since,
        '{{ month.strftime("%Y-%m") }}' as target_period,
        {{ (day - month).days + 1 }} as days_past,
        {{ (next_month - month).days }} as days_whole
    union all
    select
        'quarter' as period,
        cast('{{ quarter }}' as date) as since,
        '{{ day.year }}Q{{ (day.month + 2) // 3 }}' as target_period,
        {{ (day - quarter).days + 1 }} as days_past,
        {{ (next_quarter - quarter).days }} as days_whole
),

shown as (
    select
        lead_id,
        max(list_date) as shown_on,
        max_by(branch_id, list_date) as branch_id,
        max_by(owner_id, list_date) as owner_id
    from {{ source('memory', 'published_leads') }}
    where list_date <= {{ as_of() }}
    group by lead_id
),

contacted as (
    select
        contacts.lead_id,
        coalesce(shown.branch_id, managers.branch_id) as branch_id,
        coalesce(managers.manager_id, shown.owner_id) as manager_id,
        cast(null as date) as shown_on,
        cast(contacts.contacted_at as date) as contacted_on,
        case when contacts.outcome <> 'not_reached' then cast(contacts.contacted_at as date) end as reached_on,
        case when contacts.outcome = 'done' then cast(contacts.contacted_at as date) end as won_on
    from {{ ref('stg_crm__contacts') }} as contacts
    left join shown on contacts.lead_id = shown.lead_id
    left join {{ ref('managers_present') }} as managers on contacts.actor = managers.manager_id
    where cast(contacts.recorded_at as date) <= {{ as_of() }} and cast(contacts.contacted_at as date) <= {{ as_of() }}
        and cast(contacts.contacted_at as date) >= least(cast('{{ quarter }}' as date), {{ plus_days(as_of(), -6) }}, {{ recent_since(1) }})
),

worked as (
    select lead_id, branch_id, owner_id as manager_id, shown_on, cast(null as date) as contacted_on, cast(null as date) as reached_on, cast(null as date) as won_on
    from shown
    union all
    select lead_id, branch_id, manager_id, shown_on, contacted_on, reached_on, won_on
    from contacted
),

credited as (
    select lead_id, branch_id, coalesce(manager_id, '-') as manager_id, shown_on, contacted_on, reached_on, won_on
    from worked
    union all
    select lead_id, branch_id, '*' as manager_id, shown_on, contacted_on, reached_on, won_on
    from worked
),

leads as (
    select
        branch_id,
        manager_id,
        lead_id,
        max(shown_on) as shown_on,
        max(contacted_on) as contacted_on,
        max(reached_on) as reached_on,
        max(won_on) as won_on
    from credited
    group by branch_id, manager_id, lead_id
),

counts as (
    select
        leads.branch_id,
        leads.manager_id,
        periods.period,
        sum(case when leads.shown_on >= periods.since or leads.contacted_on >= periods.since then 1 else 0 end) as lead_count,
        sum(case when leads.contacted_on >= periods.since then 1 else 0 end) as contacted_count,
        sum(case when leads.reached_on >= periods.since then 1 else 0 end) as reached_count,
        sum(case when leads.won_on >= periods.since then 1 else 0 end) as won_count
    from leads
    cross join periods
    group by leads.branch_id, leads.manager_id, periods.period
),

list_dates as (
    select distinct list_date
    from {{ source('memory', 'published_leads') }}
    where list_date <= {{ as_of() }}
),

list_days as (
    select periods.period, sum(case when list_dates.list_date >= periods.since then 1 else 0 end) as list_day_count
    from periods
    left join list_dates on periods.since <= list_dates.list_date
    group by periods.period
),

units as (
    select
        capacity.branch_id,
        '*' as manager_id,
        capacity.branch_name as unit_name,
        coalesce(branches.branch_class, 'unknown') as branch_class,
        capacity.capacity as daily_capacity
    from {{ ref('branch_capacity') }} as capacity
    inner join {{ ref('stg_core__branches') }} as branches on capacity.branch_id = branches.branch_id
    union all
    select
        managers.branch_id,
        managers.manager_id,
        -- two of one name at a branch are told apart by their numbers
        case when count(*) over (partition by managers.branch_id, managers.manager_name) > 1
            then concat(managers.manager_name, ' ', managers.manager_id) else managers.manager_name end as unit_name,
        coalesce(branches.branch_class, 'unknown') as branch_class,
        managers.daily_capacity
    from {{ ref('managers_present') }} as managers
    inner join {{ ref('branch_capacity') }} as capacity on managers.branch_id = capacity.branch_id
    inner join {{ ref('stg_core__branches') }} as branches on managers.branch_id = branches.branch_id
),

progress as (
    select
        units.branch_id,
        units.manager_id,
        case when units.manager_id = '*' then 'branch' else 'manager' end as unit,
        units.unit_name,
        units.branch_class,
        periods.period,
        coalesce(counts.lead_count, 0) as lead_count,
        coalesce(counts.contacted_count, 0) as contacted_count,
        coalesce(counts.reached_count, 0) as reached_count,
        coalesce(counts.won_count, 0) as won_count,
        case when targets.target_value is not null then 'bank' else 'capacity' end as target_basis,
        coalesce(floor(targets.target_value * periods.days_past / periods.days_whole), units.daily_capacity * list_days.list_day_count) as target_count
    from units
    cross join periods
    inner join list_days on periods.period = list_days.period
    left join counts on units.branch_id = counts.branch_id and units.manager_id = counts.manager_id and periods.period = counts.period
    left join {{ ref('stg_crm__targets') }} as targets
        on units.branch_id = targets.branch_id and units.manager_id = '*' and targets.metric = 'lead_contacts'
            and periods.target_period = targets.period
)

select
    branch_id,
    manager_id,
    unit,
    unit_name,
    branch_class,
    period,
    cast(lead_count as integer) as lead_count,
    cast(contacted_count as integer) as contacted_count,
    cast(reached_count as integer) as reached_count,
    cast(won_count as integer) as won_count,
    cast(target_count as integer) as target_count,
    target_basis,
    {{ rate('contacted_count', 'target_count') }} as attained_rate,
    unit = 'manager' and period <> 'quarter' and won_count > 0
    and row_number() over (partition by branch_id, unit, period order by won_count desc nulls last, reached_count desc nulls last, manager_id) = 1
        as is_star,
    case when unit = 'branch'
        then cast(rank() over (partition by branch_class, unit, period order by won_count desc nulls last, reached_count desc nulls last) as integer)
    end as class_rank,
    case when unit = 'branch' then cast(count(*) over (partition by branch_class, unit, period) as integer) end as class_branch_count,
    {{ as_of_column() }}
from progress
