-- report_app_effect 手机银行效应: do customers who use the app more keep more here and use more credit?
--
-- One row per home branch, app tier and how the use changed in 90 days: up, down or same against the tier of the 30 days
-- that ended 90 days ago (threshold app_effect_days), those without a log-in alike whether asleep or never signed up; new
-- for who opened since; unknown where the log-ins delivered do not reach back so far. A quarter is what the deposits of a
-- changed habit need to follow.
{% set days_before = threshold('app_effect_days') %}
{% set then = plus_days(as_of(), '-' ~ days_before) %}
{% set levels = {'high': 3, 'medium': 2, 'low': 1} %}
with before as (
    select customer_id, count(distinct biz_date) as active_days
    from {{ ref('stg_channels__app_activity') }}
    where login_count > 0 and biz_date <= {{ then }} and biz_date > {{ plus_days(then, -30) }}
    group by customer_id
),

coverage as (
    select min(biz_date) as known_from
    from {{ ref('stg_channels__app_activity') }}
),

customers as (
    select
        labels.*,
        case labels.app_tier {% for tier, level in levels.items() %}when '{{ tier }}' then {{ level }} {% endfor %}else 0 end as level_now,
        case
            {%- for tier, level in levels.items() %}
            when before.active_days >= {{ threshold('app_' ~ tier ~ '_days') }} then {{ level }}
            {%- endfor %}
            else 0
        end as level_then,
        balances.opened_on > {{ then }} as is_opened_since,
        coverage.known_from <= {{ plus_days(then, -29) }} as is_known_then
    from {{ ref('customer_labels') }} as labels
    inner join {{ ref('customer_balances') }} as balances on labels.customer_id = balances.customer_id
    cross join coverage
    left join before on labels.customer_id = before.customer_id
    where labels.app_tier is not null and not labels.is_deceased
),

judged as (
    select
        *,
        case
            when is_opened_since then 'new'
            when not is_known_then then 'unknown'
            when level_now > level_then then 'up'
            when level_now < level_then then 'down'
            else 'same'
        end as tier_change
    from customers
)

select
    home_branch_id as branch_id,
    app_tier,
    tier_change,
    cast(count(*) as integer) as customer_count,
    cast(sum(app_active_days_30d) as integer) as active_day_count,
    {{ money('sum(deposit_balance)') }} as deposit_amount,
    cast(count(aum_change_90d_amount) as integer) as change_known_count,
    {{ money('sum(aum_change_90d_amount)') }} as aum_change_amount,
    cast(sum(case when has_loan then 1 when not has_loan then 0 end) as integer) as borrower_count,
    {{ money('sum(facility_limit_amount)') }} as limit_amount,
    {{ money('sum(facility_used_amount)') }} as used_amount,
    {{ rate('sum(facility_used_amount)', 'sum(facility_limit_amount)') }} as limit_use_rate,
    {{ as_of_column() }}
from judged
group by home_branch_id, app_tier, tier_change
