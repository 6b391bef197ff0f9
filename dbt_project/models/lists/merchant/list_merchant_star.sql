-- list_merchant_star 商户升星: which shop is a step below its next star, or about to slip from a high one?
--
-- Who: today's score at most 5 points below the next star, or four stars and more with takings between 80 and 85 % of
-- the base. Shops in decline are on 商户预警; suspicious ones are left to risk control.
-- Order: the gap, the weakest part of the score, growth.
{% call(rule) marketing_list() %}
with rated as (
    select
        *,
        case merchant_star_level{% for star in [2, 3, 4, 5] %}
            when {{ star - 1 }} then {{ threshold('merchant_star_' ~ star) }} - merchant_star_score{% endfor %}
        end as gap
    from {{ ref('customer_labels') }}
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    cast(gap as integer) as merchant_star_gap_points,
    cast(merchant_star_level + 1 as integer) as merchant_next_star,
    case when is_merchant_high_quality_borderline then {{ rate('merchant_settlement_30d_amount', 'merchant_base_amount') }} end as merchant_base_share
from rated
where (gap <= {{ threshold('merchant_star_gap_to', rule) }} or is_merchant_high_quality_borderline)
    and not is_merchant_suspicious
    and coalesce(merchant_alert_level, 0) < {{ threshold('merchant_alert_from') }}
{% endcall %}
