-- customer_products: which kinds of product does each customer hold, since when, and are they used?
--
-- One row per customer and category held today, with the penetration points of the different products held in it. Loans
-- count while they run, cards and accounts until they are closed, services until they are cancelled. A service is known
-- by its product code (patterns.csv, kind 'service').
--
-- since_on is when the first of those held was taken, or of those that ended within 180 days: what rolls over, matures
-- into the next one or is a card sent anew is no new kind. is_used: at least 1 000 invested or owed, three purchases by
-- card in 90 days, a service used in the last 30 days (held is enough where the bank tells of no use). Accounts say
-- nothing here of what lies on them.
{% set worth = threshold('core_product_used_from') %}
{% set recently = plus_days(as_of(), -180) %}
with purchases as (
    select card_id, sum(purchase_90d_count) as purchase_count
    from {{ ref('card_spending') }}
    group by card_id
),

known as (
    select count(last_used_on) > 0 as knows_use
    from {{ ref('stg_core__product_signups') }}
),

owned as (
    select
        customer_id,
        case when account_type = 'demand' then 'demand' else 'time' end as category,
        product_code,
        opened_on,
        status <> 'closed' as is_held,
        true as is_used
    from {{ ref('stg_core__accounts') }}
    where status <> 'closed' or closed_on > {{ recently }}
    union all
    select customer_id, category, product_code, bought_on, status = 'held', market_value >= {{ worth }}
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held' or coalesce(redeemed_on, matures_on) > {{ recently }}
    union all
    select
        customer_id,
        case loan_type when 'mortgage' then 'mortgage' when 'business' then 'business_loan' else 'consumer_loan' end,
        product_code,
        opened_on,
        status in ('performing', 'overdue', 'npl'),
        balance >= {{ worth }}
    from {{ ref('stg_lending__loans') }}
    where status in ('performing', 'overdue', 'npl') or settled_on > {{ recently }}
    union all
    select
        cards.customer_id,
        'card',
        cards.product_code,
        cards.approved_on,
        cards.status <> 'closed' and cards.closed_on is null,
        purchases.purchase_count >= {{ threshold('core_product_purchases_from') }}
    from {{ ref('stg_cards__credit_cards') }} as cards
    left join purchases on cards.card_id = purchases.card_id
    where (cards.status <> 'closed' and cards.closed_on is null) or cards.closed_on > {{ recently }}
    union all
    select customer_id, 'social_security_card', cast(null as {{ dbt.type_string() }}), cast(null as date), true, false
    from {{ ref('stg_cards__debit_cards') }}
    where kind = 'social_security' and status not in ('closed', 'lost')
    union all
    select
        signups.customer_id,
        patterns.meaning,
        signups.product_code,
        signups.signed_on,
        signups.cancelled_on is null or signups.cancelled_on > {{ as_of() }},
        not known.knows_use or signups.last_used_on > {{ plus_days(as_of(), -30) }}
    from {{ ref('stg_core__product_signups') }} as signups
    cross join known
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'service' and lower(signups.product_code) = lower(patterns.pattern)
    where signups.cancelled_on is null or signups.cancelled_on > {{ recently }}
),

by_product as (
    select
        customer_id,
        category,
        product_code,
        min(opened_on) as since_on,
        max(case when is_held then 1 else 0 end) as held,
        max(case when is_held and is_used then 1 else 0 end) as used
    from owned
    group by customer_id, category, product_code
)

select
    by_product.customer_id,
    by_product.category,
    cast(sum(case when by_product.held = 1 then coalesce(products.penetration_points, 0) else 0 end) as integer) as penetration_points,
    min(by_product.since_on) as since_on,
    max(by_product.used) = 1 as is_used,
    {{ as_of_column() }}
from by_product
left join {{ ref('stg_core__products') }} as products on by_product.product_code = products.product_code
group by by_product.customer_id, by_product.category
having max(by_product.held) = 1
