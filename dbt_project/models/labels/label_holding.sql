-- label_holding: which products does this customer hold, and which core ones are missing?
--
-- One row per customer. What rests on a table that the bank does not deliver is unknown, and never "missing". Core is
-- what core.products says; where that is not delivered, the setting core_categories. A social-security card is a kind of
-- debit card, not a product of its own, and is not counted; nor are the services beside app and payment binding. The
-- first meeting is what every new customer's first visit should leave behind: five things that must be done, and three
-- that make the customer a real one.
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
    'sms': ('has_text_alerts', 'stg_core__product_signups'),
    'custody': ('has_custody', 'stg_core__product_signups'),
    'gold': ('has_gold_plan', 'stg_core__product_signups'),
    'collection_code': ('has_collection_code', 'stg_core__product_signups'),
    'insurance_agency': ('has_insurance_agency', 'stg_core__product_signups'),
} %}
{% set counted = flags.keys() | reject('in', uncounted_products()) | sort %}
{% set families = {
    'deposit': ['has_demand', 'has_time'],
    'investment': ['has_wealth', 'has_fund', 'has_insurance', 'has_bond'],
    'loan': ['has_mortgage', 'has_consumer_loan', 'has_business_loan'],
    'card': ['has_credit_card'],
    'digital': ['has_app', 'has_payment_binding'],
} %}
{% set credit_ages = {'mortgage': 'consumer', 'consumer_loan': 'consumer', 'business_loan': 'business', 'card': 'card'} %}
{% set must = ['app', 'wecom', 'payment_binding', 'consent', 'risk_assessment'] %}
{% set may = ['deposit', 'payroll', 'card'] %}
with held as (
    select
        customer_id,
        {% for category in flags -%}
        max(case when category = '{{ category }}' then 1 else 0 end) as {{ category }},
        {% endfor -%}
        sum(case when category <> 'social_security_card' then penetration_points else 0 end) as penetration_points
    from {{ ref('customer_products') }}
    group by customer_id
),

offered as (
    select category, product_code, is_core, is_on_sale
    from {{ ref('stg_core__products') }}
    where category <> 'service'
    union all
    select patterns.meaning as category, products.product_code, products.is_core, products.is_on_sale
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
        end as {{ category }},
        count(*) = 0 or coalesce(bool_or(is_on_sale and category = '{{ category }}'), false) as sells_{{ category }}{{ ',' if not loop.last }}
        {% endfor %}
    from offered
),

delivered as (
    select
        {% for table in flags.values() | map('last') | reject('none') | unique -%}
        {{ delivered(ref(table)) }} as {{ table }}{{ ',' if not loop.last }}
        {% endfor %}
),

-- the newest kind of core product that is kept and used: an account by what lies on it
taken as (
    select products.customer_id, max(products.since_on) as taken_on
    from {{ ref('customer_products') }} as products
    inner join {{ ref('customer_balances') }} as balances on products.customer_id = balances.customer_id
    cross join core
    where products.since_on <= {{ plus_days(as_of(), '-' ~ threshold('core_product_kept_days')) }}
        and products.since_on > {{ plus_days(as_of(), -180) }}
        and case products.category
            when 'demand' then balances.demand_amount >= {{ threshold('core_product_used_from') }}
            when 'time' then balances.time_amount >= {{ threshold('core_product_used_from') }}
            else products.is_used
        end
        and case products.category
            {%- for category in counted %}
            when '{{ category }}' then core.{{ category }}
            {%- endfor %}
        end
    group by products.customer_id
),

-- what the first meeting leaves behind that no product tells
app_users as (
    select distinct signups.customer_id
    from {{ ref('stg_core__product_signups') }} as signups
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'service' and patterns.meaning = 'app' and lower(signups.product_code) = lower(patterns.pattern)
    where signups.last_used_on is not null
),

drivers as (
    select distinct customer_id
    from {{ ref('stg_channels__etc_contracts') }}
    where status = 'active'
),

merchants as (
    select distinct customer_id
    from {{ ref('stg_acquiring__merchants') }}
    where status = 'active'
),

known as (
    select
        count(customers.marketing_consent) > 0 as knows_consent,
        count(customers.risk_level) > 0 as knows_risk,
        {{ delivered(ref('stg_channels__wecom')) }} as knows_friends,
        (select count(signups.last_used_on) > 0 from {{ ref('stg_core__product_signups') }} as signups) as knows_use,
        {{ delivered(ref('stg_channels__etc_contracts')) }} as knows_drivers,
        {{ delivered(ref('stg_acquiring__merchants')) }} as knows_merchants
    from {{ ref('stg_core__customers') }} as customers
),

flags as (
    select
        customers.customer_id,
        {% for category, (flag, table) in flags.items() -%}
        coalesce(held.{{ category }}, 0) = 1{% if table %} or case when delivered.{{ table }} then false end{% endif %} as {{ flag }},
        {% endfor -%}
        coalesce(held.penetration_points, 0) as penetration_points,
        profiles.age,
        case when known.knows_drivers then drivers.customer_id is not null end as has_etc,
        case when known.knows_merchants then merchants.customer_id is not null end as has_merchant_contract,
        profiles.customer_kind in ('sole_proprietor', 'villager') or merchants.customer_id is not null as may_do_business,
        case
            when not delivered.stg_core__product_signups then null
            when not known.knows_use then coalesce(held.app, 0) = 1
            else coalesce(held.app, 0) = 1 and app_users.customer_id is not null
        end as did_app,
        case when known.knows_friends then friends.customer_id is not null end as did_wecom,
        case when delivered.stg_core__product_signups then coalesce(held.payment_binding, 0) = 1 end as did_payment_binding,
        case when known.knows_consent then customers.marketing_consent is not null end as did_consent,
        case when known.knows_risk then customers.risk_level is not null end as did_risk_assessment,
        balances.demand_amount + balances.time_amount > 0 as did_deposit,
        flows.is_payroll as did_payroll,
        taken.taken_on,
        coalesce(held.card, 0) = 1 or case when delivered.stg_cards__credit_cards then false end as did_card
    from {{ ref('stg_core__customers') }} as customers
    cross join delivered
    cross join known
    inner join {{ ref('label_profile') }} as profiles on customers.customer_id = profiles.customer_id
    inner join {{ ref('label_flow') }} as flows on customers.customer_id = flows.customer_id
    inner join {{ ref('customer_balances') }} as balances on customers.customer_id = balances.customer_id
    left join held on customers.customer_id = held.customer_id
    left join taken on customers.customer_id = taken.customer_id
    left join app_users on customers.customer_id = app_users.customer_id
    left join {{ ref('wecom_friends') }} as friends on customers.customer_id = friends.customer_id
    left join drivers on customers.customer_id = drivers.customer_id
    left join merchants on customers.customer_id = merchants.customer_id
),

counts as (
    select
        flags.*,
        cast({% for category in counted %}case when flags.{{ flags[category][0] }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %} as integer) as product_count,
        {% for category in counted -%}
        case
            when flags.{{ flags[category][0] }} then 1
            when flags.{{ flags[category][0] }} is null or not core.sells_{{ category }} then 0
            {%- if category in credit_ages %}
            when flags.age < {{ threshold('credit_' ~ credit_ages[category] ~ '_age_from') }} or flags.age > {{ threshold('credit_' ~ credit_ages[category] ~ '_age_to') }} then 0
            {%- elif category in ['wealth', 'fund', 'insurance', 'bond'] %}
            when flags.age < {{ threshold('adult_age') }} then 0
            {%- endif %}
            {%- if category == 'business_loan' %}
            when not flags.may_do_business then 0
            {%- endif %}
            else 1
        end{{ ' +' if not loop.last }}
        {% endfor -%}
        as eligible_count
    from flags
    cross join core
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
    flags.product_count,
    nullif(concat_ws(','{% for category in counted %},
        case when flags.{{ flags[category][0] }} then '{{ category }}' end{% endfor %}
    ), '') as products_held,
    nullif(concat_ws(','{% for category in counted %},
        case when core.{{ category }} and not flags.{{ flags[category][0] }} then '{{ category }}' end{% endfor %}
    ), '') as products_missing,
    cast({% for category in counted %}case when core.{{ category }} and not flags.{{ flags[category][0] }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %} as integer) as core_products_missing_count,
    {{ days_between(as_of(), 'flags.taken_on') }} as newest_core_product_days,
    flags.has_text_alerts,
    flags.has_custody,
    flags.has_gold_plan,
    flags.has_collection_code,
    flags.has_insurance_agency,
    flags.has_etc,
    flags.has_merchant_contract,
    cast(flags.penetration_points as integer) as penetration_points,
    cast(flags.eligible_count as integer) as eligible_product_count,
    {{ rate('flags.product_count', 'flags.eligible_count') }} as penetration_rate,
    coalesce(nullif(concat_ws('+'{% for family, columns in families.items() %},
        case when {% for column in columns %}flags.{{ column }}{{ ' or ' if not loop.last }}{% endfor %} then '{{ family }}' end{% endfor %}
    ), ''), 'none') as holding_pattern,
    {% for item in must %}flags.did_{{ item }}{{ ' and ' if not loop.last }}{% endfor %} as is_first_meeting_done,
    nullif(concat_ws(','{% for item in must %},
        case when not flags.did_{{ item }} then '{{ item }}' end{% endfor %}
    ), '') as first_meeting_missing,
    nullif(concat_ws(','{% for item in may %},
        case when not flags.did_{{ item }} then '{{ item }}' end{% endfor %}
    ), '') as first_meeting_optional_missing,
    {{ as_of_column() }}
from counts as flags
cross join core
