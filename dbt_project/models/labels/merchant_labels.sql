-- merchant_labels: how is each merchant doing, and how bad is a decline?
--
-- One row per merchant whose contract is not closed. Within an episode (merchant_episodes) the level is the worst of the
-- last 7 days against the fixed base: it rises at once and falls after 7 better days. Outside it is 0. Stars rise at once
-- too, and fall only when two month-ends running show fewer: the highest of today and the two latest month-ends.
{% set half_year_from = plus_days(plus_months(as_of(), -6), 1) %}
with current_episodes as (
    select merchant_id, started_on, base_amount
    from {{ ref('merchant_episodes') }}
    where ended_on is null
),

path as (
    select
        days.merchant_id,
        days.day,
        current_episodes.started_on,
        current_episodes.base_amount,
        max({{ episode_level('days', 'current_episodes.base_amount') }}) over (
            partition by days.merchant_id order by days.day nulls last
            rows between {{ threshold('merchant_better_days') - 1 }} preceding and current row
        ) as alert_level
    from {{ ref('merchant_days') }} as days
    inner join current_episodes on days.merchant_id = current_episodes.merchant_id and days.day >= current_episodes.started_on
),

alerts as (
    select
        merchant_id,
        max(started_on) as since_on,
        max(base_amount) as base_amount,
        max(case when alert_level > level_before then day end) as raised_on,
        max(case when day = {{ as_of() }} then alert_level end) as alert_level
    from (
        select *, coalesce(lag(alert_level) over (partition by merchant_id order by day nulls last), 0) as level_before
        from path
    ) as steps
    group by merchant_id
),

-- one payer is told apart by day only: the days with enough payments for a largest one to mean something
takings as (
    select
        merchant_id,
        sum(case when is_last_30d then payer_count end) as payer_count,
        sum(case when is_last_30d then txn_count end) as txn_count,
        sum(case when is_last_30d and txn_count >= {{ threshold('merchant_top_payer_min_count') }} then top_payer_amount end) as top_payer_amount,
        sum(case
            when is_last_30d and txn_count >= {{ threshold('merchant_top_payer_min_count') }} and top_payer_amount is not null then amount
        end) as payments_amount,
        sum(case when not is_last_30d and biz_date > {{ plus_days(as_of(), -60) }} then settled_amount else 0 end) as settled_31_60d,
        {% for month in range(6) -%}
        max(case
            when biz_date > {{ plus_months(as_of(), -1 - month) }} and biz_date <= {{ plus_months(as_of(), -month) }} and settled_amount > 0 then 1
            else 0
        end){{ ' +' if not loop.last else ' as active_months' }}
        {% endfor %}
    from (
        select
            *,
            biz_date > {{ plus_days(as_of(), -30) }} as is_last_30d,
            greatest(amount - refund_amount, 0) as settled_amount
        from {{ ref('stg_acquiring__merchant_daily') }}
        where biz_date >= {{ half_year_from }}
    ) as half_year
    group by merchant_id
),

judged as (
    select
        merchants.merchant_id,
        merchants.customer_id,
        merchants.branch_id,
        merchants.manager_id,
        merchants.signed_on,
        days.settled_30d_amount,
        -- seasonal trades have no fixed base
        case when days.season_amount is null then coalesce(alerts.base_amount, days.usual_amount) else days.usual_amount end as base_amount,
        cast(case
            when alerts.merchant_id is not null then alerts.alert_level
            when days.usual_amount >= {{ threshold('merchant_rated_base') }} then 0
        end as integer) as alert_level,
        alerts.since_on,
        alerts.raised_on,
        days.idle_days,
        scores.known_from,
        scores.weekly_cv,
        scores.retained_share,
        scores.star_score,
        case
            when scores.star_score is not null then cast({{ star_level(
                'greatest(scores.star_score, coalesce(scores.star_score_month_end_1, 0), coalesce(scores.star_score_month_end_2, 0))'
            ) }} as integer)
        end as star_level
    from {{ ref('stg_acquiring__merchants') }} as merchants
    left join {{ ref('merchant_days') }} as days on merchants.merchant_id = days.merchant_id and days.day = {{ as_of() }}
    left join alerts on merchants.merchant_id = alerts.merchant_id
    left join {{ ref('merchant_scores') }} as scores on merchants.merchant_id = scores.merchant_id
    where merchants.status <> 'closed'
)

select
    judged.merchant_id,
    judged.customer_id,
    judged.branch_id,
    judged.manager_id,
    judged.settled_30d_amount as merchant_settlement_30d_amount,
    judged.base_amount as merchant_base_amount,
    judged.alert_level as merchant_alert_level,
    judged.since_on as merchant_alert_since_on,
    judged.raised_on as merchant_alert_raised_on,
    judged.idle_days as merchant_idle_days,
    case
        when judged.known_from <= {{ half_year_from }} or judged.signed_on >= judged.known_from
            then cast(coalesce(takings.active_months, 0) as integer)
    end as merchant_active_months_6m,
    judged.weekly_cv as merchant_stability_cv,
    case
        when judged.known_from <= {{ plus_days(as_of(), -59) }}
            then {{ rate('judged.settled_30d_amount - takings.settled_31_60d', 'takings.settled_31_60d') }}
    end as merchant_trend_rate,
    judged.retained_share as merchant_retained_share,
    judged.star_score as merchant_star_score,
    judged.star_level as merchant_star_level,
    case
        when judged.star_level < 5 then judged.star_score >= case judged.star_level
            {%- for star in [1, 2, 3, 4] %}
            when {{ star }} then {{ threshold('merchant_star_' ~ (star + 1)) }}
            {%- endfor %}
        end - {{ threshold('merchant_near_star_points') }}
        when judged.star_level = 5 then false
    end as is_merchant_near_star,
    case
        when judged.star_level < 4 then false
        when judged.base_amount >= {{ threshold('merchant_rated_base') }}
            then judged.star_level >= 4
            and judged.settled_30d_amount >= judged.base_amount * {{ threshold('merchant_borderline_from') }}
            and judged.settled_30d_amount < judged.base_amount * {{ threshold('merchant_borderline_below') }}
    end as is_merchant_high_quality_borderline,
    coalesce(
        takings.payer_count < takings.txn_count * {{ threshold('merchant_suspicious_payer_share') }}
        or takings.top_payer_amount > takings.payments_amount * {{ threshold('merchant_suspicious_top_share') }}, false
    ) as is_merchant_suspicious,
    {{ as_of_column() }}
from judged
left join takings on judged.merchant_id = takings.merchant_id
