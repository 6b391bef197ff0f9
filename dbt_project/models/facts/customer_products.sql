-- customer_products: which kinds of product does each customer hold?
--
-- One row per customer and category held today, with the penetration points of the different products held in it. Loans
-- count while they run, cards and accounts until they are closed, services until they are cancelled. A service is known
-- by its product code (patterns.csv, kind 'service').
with held as (
    select customer_id, case when account_type = 'demand' then 'demand' else 'time' end as category, product_code
    from {{ ref('stg_core__accounts') }}
    where status <> 'closed'
    union all
    select customer_id, category, product_code
    from {{ ref('stg_wealth__holdings') }}
    where status = 'held'
    union all
    select
        customer_id,
        case loan_type when 'mortgage' then 'mortgage' when 'business' then 'business_loan' else 'consumer_loan' end as category,
        product_code
    from {{ ref('stg_lending__loans') }}
    where status in ('performing', 'overdue', 'npl')
    union all
    select customer_id, 'card' as category, product_code
    from {{ ref('stg_cards__credit_cards') }}
    where status <> 'closed' and closed_on is null
    union all
    select customer_id, 'social_security_card' as category, cast(null as {{ dbt.type_string() }}) as product_code
    from {{ ref('stg_cards__debit_cards') }}
    where kind = 'social_security' and status not in ('closed', 'lost')
    union all
    select signups.customer_id, patterns.meaning as category, signups.product_code
    from {{ ref('stg_core__product_signups') }} as signups
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'service' and lower(signups.product_code) = lower(patterns.pattern)
    where signups.cancelled_on is null or signups.cancelled_on > {{ as_of() }}
)

select
    held.customer_id,
    held.category,
    cast(sum(coalesce(products.penetration_points, 0)) as integer) as penetration_points,
    {{ as_of_column() }}
from (select distinct customer_id, category, product_code from held) as held
left join {{ ref('stg_core__products') }} as products on held.product_code = products.product_code
group by held.customer_id, held.category
