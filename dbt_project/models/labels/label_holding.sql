-- label_holding: which products does this customer hold, and which core ones are missing?
--
-- One row per customer. What rests on a table that the bank does not deliver is unknown, and never "missing". Core is
-- what core.products says; where that is not delivered, the setting core_categories. A social-security card is a kind of
-- debit card, not a product of its own, and is not counted.
{% set flags = {
    'demand': ('has_demand', none),
    'time': ('has_time', none),
    'wealth': ('has_wealth', 'stg_wealth__holdings'),
    'fund': ('has_fund', 'stg_wealth__holdings'),
    'insurance': ('has_insurance', 'stg_wealth__holdings'),
    'bond': ('has_bond', 'stg_wealth__holdings'),
    'mortgage': ('has_mortgage', 'stg_lending__loans'),
    'consumer_loan': ('has_consumer_loan', 'stg_lending__loans'),
    'business_loan': ('has_business_loan', 'stg_lending__loans'),
    'card': ('has_credit_card', 'stg_cards__credit_cards'),
    'app': ('has_app', 'stg_core__product_signups'),
    'payment_binding': ('has_payment_binding', 'stg_core__product_signups'),
    'social_security_card': ('has_social_security_card', 'stg_cards__debit_cards'),
} %}
{% set counted = flags.keys() | reject('equalto', 'social_security_card') | sort %}
with held as (
    select
        customer_id,
        {% for category in flags -%}
        max(case when category = '{{ category }}' then 1 else 0 end) as {{ category }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('customer_products') }}
    group by customer_id
),

offered as (
    select category, product_code, is_core
    from {{ ref('stg_core__products') }}
    where category <> 'service'
    union all
    select patterns.meaning as category, products.product_code, products.is_core
    from {{ ref('stg_core__products') }} as products
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'service' and lower(products.product_code) = lower(patterns.pattern)
    where products.category = 'service'
),

core as (
    select
        {% for category in counted -%}
        case
            when count(*) > 0 then coalesce(bool_or(is_core and category = '{{ category }}'), false)
            else {{ 'true' if category in var('core_categories') else 'false' }}
        end as {{ category }}{{ ',' if not loop.last }}
        {% endfor %}
    from offered
),

delivered as (
    select
        {% for table in flags.values() | map('last') | reject('none') | unique -%}
        {{ delivered(ref(table)) }} as {{ table }}{{ ',' if not loop.last }}
        {% endfor %}
),

flags as (
    select
        customers.customer_id,
        {% for category, (flag, table) in flags.items() -%}
        coalesce(held.{{ category }}, 0) = 1{% if table %} or case when delivered.{{ table }} then false end{% endif %} as {{ flag }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_core__customers') }} as customers
    cross join delivered
    left join held on customers.customer_id = held.customer_id
)

select
    flags.customer_id,
    flags.has_demand,
    flags.has_time,
    flags.has_wealth,
    flags.has_fund,
    flags.has_insurance,
    flags.has_bond,
    flags.has_mortgage or flags.has_consumer_loan or flags.has_business_loan as has_loan_product,
    flags.has_credit_card,
    flags.has_app,
    flags.has_payment_binding,
    flags.has_social_security_card,
    cast({% for category in counted %}case when flags.{{ flags[category][0] }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %} as integer) as product_count,
    nullif(concat_ws(','{% for category in counted %},
        case when flags.{{ flags[category][0] }} then '{{ category }}' end{% endfor %}
    ), '') as products_held,
    nullif(concat_ws(','{% for category in counted %},
        case when core.{{ category }} and not flags.{{ flags[category][0] }} then '{{ category }}' end{% endfor %}
    ), '') as products_missing,
    cast({% for category in counted %}case when core.{{ category }} and not flags.{{ flags[category][0] }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %} as integer) as core_products_missing_count,
    {{ as_of_column() }}
from flags
cross join core
