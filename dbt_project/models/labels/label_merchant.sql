-- label_merchant: does this customer run a shop that takes payments here, and how is the weakest one doing?
--
-- One row per customer. Of several shops the one with the highest alert level speaks, then the one with the larger base:
-- a visit is made to one shop. Suspicious is who has any suspicious shop; all shops together stand beside.
with worst as (
    select *
    from {{ ref('merchant_labels') }}
    qualify row_number() over (
        partition by customer_id
        order by merchant_alert_level desc nulls last, merchant_base_amount desc nulls last, merchant_id nulls last
    ) = 1
),

shops as (
    select
        customer_id,
        count(*) as shop_count,
        sum(merchant_settlement_30d_amount) as settled_30d_amount,
        bool_or(is_merchant_suspicious) as is_suspicious
    from {{ ref('merchant_labels') }}
    group by customer_id
),

known as (
    select {{ delivered(ref('stg_acquiring__merchants')) }} as knows_merchants
)

select
    customers.customer_id,
    case when known.knows_merchants then worst.merchant_id is not null end as is_merchant,
    case when known.knows_merchants then cast(coalesce(shops.shop_count, 0) as integer) end as merchant_count,
    {{ money('shops.settled_30d_amount') }} as merchant_all_settlement_30d_amount,
    worst.merchant_id,
    worst.merchant_settlement_30d_amount,
    worst.merchant_base_amount,
    worst.merchant_alert_level,
    worst.merchant_alert_since_on,
    worst.merchant_alert_raised_on,
    worst.merchant_idle_days,
    worst.merchant_active_months_6m,
    worst.merchant_stability_cv,
    worst.merchant_trend_rate,
    worst.merchant_retained_share,
    worst.merchant_star_score,
    worst.merchant_star_level,
    worst.is_merchant_near_star,
    worst.is_merchant_high_quality_borderline,
    shops.is_suspicious as is_merchant_suspicious,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join known
left join worst on customers.customer_id = worst.customer_id
left join shops on customers.customer_id = shops.customer_id
