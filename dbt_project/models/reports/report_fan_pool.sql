-- report_fan_pool 粉丝池: how many WeCom friends has each manager, how many of them live, buy and leave?
--
-- One row per branch, view and manager or month: view manager the last 30 days of each manager with a friend ever; view
-- month the branch's last twelve months, the running one included. WeCom keeps of a friend only the last message, so active
-- friends are known of today alone; they stand in the running month, against the branch's target (crm.targets, metric
-- wecom_active, of the month, else of its quarter, else of the year).
--
-- Active: a message in 30 days, a month that does not begin anew on the 1st; interacting: in fan_interacting_days (7), for
-- then something is going on. Converted: in the last 30 days the customer opened an account, bought, borrowed or got a card,
-- at most fan_converted_days (90) after becoming a friend: later the friendship is hardly the reason.
{% set this_month = "last_day(" ~ as_of() ~ ")" %}
{% set year, month = var('as_of').split('-')[:2] %}
{% set quarter = ((month | int) + 2) // 3 %}
{% set is_friend = '(friends.deleted_on is null or friends.deleted_on > ' ~ as_of() ~ ')' %}
with friends as (
    select
        managers.branch_id,
        friends.manager_id,
        managers.manager_name,
        friends.customer_id,
        friends.added_on,
        friends.deleted_on,
        friends.last_interaction_on
    from {{ ref('stg_channels__wecom') }} as friends
    inner join {{ ref('stg_core__managers') }} as managers on friends.manager_id = managers.manager_id
    where friends.added_on <= {{ as_of() }}
),

taken as (
    select customer_id, opened_on as taken_on
    from {{ ref('stg_core__accounts') }}
    union all
    select customer_id, bought_on as taken_on
    from {{ ref('stg_wealth__holdings') }}
    union all
    select customer_id, opened_on as taken_on
    from {{ ref('stg_lending__loans') }}
    union all
    select customer_id, approved_on as taken_on
    from {{ ref('stg_cards__credit_cards') }}
),

converted as (
    select friends.manager_id, count(distinct friends.customer_id) as converted_count
    from friends
    inner join taken on friends.customer_id = taken.customer_id
    where taken.taken_on >= friends.added_on
        and taken.taken_on <= {{ plus_days('friends.added_on', threshold('fan_converted_days')) }}
        and taken.taken_on > {{ plus_days(as_of(), -30) }}
        and taken.taken_on <= {{ as_of() }}
    group by friends.manager_id
),

managers as (
    select
        friends.branch_id,
        friends.manager_id,
        friends.manager_name,
        sum(case when {{ is_friend }} then 1 else 0 end) as friend_count,
        sum(case when friends.added_on > {{ plus_days(as_of(), -30) }} then 1 else 0 end) as added_count,
        sum(case when {{ is_friend }} and friends.last_interaction_on > {{ plus_days(as_of(), -30) }} then 1 else 0 end) as active_count,
        sum(case when {{ is_friend }} and friends.last_interaction_on > {{ plus_days(as_of(), '-' ~ threshold('fan_interacting_days')) }} then 1 else 0 end) as interacting_count,
        sum(case when friends.deleted_on > {{ plus_days(as_of(), -30) }} and friends.deleted_on <= {{ as_of() }} then 1 else 0 end) as lost_count
    from friends
    group by friends.branch_id, friends.manager_id, friends.manager_name
),

months as (
    {% for back in range(12) -%}
    select last_day({{ plus_months(as_of(), -back) }}) as month_end
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

branch_months as (
    select
        friends.branch_id,
        months.month_end,
        sum(case when friends.added_on <= months.month_end and (friends.deleted_on is null or friends.deleted_on > least(months.month_end, {{ as_of() }})) then 1 else 0 end)
            as friend_count,
        sum(case when last_day(friends.added_on) = months.month_end then 1 else 0 end) as added_count,
        sum(case when last_day(friends.deleted_on) = months.month_end and friends.deleted_on <= {{ as_of() }} then 1 else 0 end) as lost_count,
        sum(case when months.month_end = {{ this_month }} and {{ is_friend }} and friends.last_interaction_on > {{ plus_days(as_of(), -30) }} then 1 else 0 end) as active_count
    from friends
    cross join months
    group by friends.branch_id, months.month_end
),

targets as (
    select branch_id, target_value
    from {{ ref('stg_crm__targets') }}
    where metric = 'wecom_active' and period in ('{{ year }}-{{ month }}', '{{ year }}Q{{ quarter }}', '{{ year }}')
    qualify row_number() over (partition by branch_id order by length(period) desc nulls last, period nulls last) = 1
)

select
    managers.branch_id,
    'manager' as view,
    managers.manager_id,
    managers.manager_name,
    cast(null as date) as fan_month,
    cast(managers.friend_count as integer) as friend_count,
    cast(managers.added_count as integer) as added_count,
    cast(managers.active_count as integer) as active_count,
    cast(managers.interacting_count as integer) as interacting_count,
    cast(coalesce(converted.converted_count, 0) as integer) as converted_count,
    cast(managers.lost_count as integer) as lost_count,
    cast(null as integer) as active_target_count,
    {{ as_of_column() }}
from managers
left join converted on managers.manager_id = converted.manager_id
union all
select
    branch_months.branch_id,
    'month' as view,
    '*' as manager_id,
    cast(null as {{ dbt.type_string() }}) as manager_name,
    cast(date_trunc('month', branch_months.month_end) as date) as fan_month,
    cast(branch_months.friend_count as integer) as friend_count,
    cast(branch_months.added_count as integer) as added_count,
    cast(case when branch_months.month_end = {{ this_month }} then branch_months.active_count end as integer) as active_count,
    cast(null as integer) as interacting_count,
    cast(null as integer) as converted_count,
    cast(branch_months.lost_count as integer) as lost_count,
    cast(case when branch_months.month_end = {{ this_month }} then ceil(targets.target_value) end as integer) as active_target_count,
    {{ as_of_column() }}
from branch_months
left join targets on branch_months.branch_id = targets.branch_id
