-- label_card: how does this customer use our credit cards?
--
-- One row per customer. Each card has a stage in its life; the customer's is the best of them, that nearest to use:
-- active, honeymoon, cooling, activated but unused, dormant, not activated, lost. A card is in its honeymoon while its
-- habits form, 90 days from activation. Afterwards it is active when used in 60 days, and cooling when it is not, or when
-- spend has halved. Spend is net of refunds and leaves cash out. What looks back is unknown where card transactions do
-- not reach.
{% set stages = ['active', 'honeymoon', 'unknown', 'cooling', 'activated_unused', 'dormant', 'not_activated', 'lost'] %}
{% set products = ['time', 'wealth', 'fund', 'insurance', 'bond', 'mortgage', 'consumer_loan', 'business_loan'] %}
with coverage as (
    select
        min(biz_date) as uses_from,
        coalesce({{ days_between(as_of(), 'min(biz_date)') }} + 1, 0) as known_days
    from {{ ref('stg_cards__card_transactions') }}
),

delivered as (
    select
        {{ delivered(ref('stg_cards__credit_cards')) }} as knows_cards,
        {{ delivered(ref('stg_cards__debit_cards')) }} as knows_debit_cards,
        (select count(first_used_on) > 0 from {{ ref('stg_cards__credit_cards') }}) as knows_first_use,
        (select count(referrer_customer_id) > 0 from {{ ref('stg_cards__credit_cards') }})
        or (select count(referrer_customer_id) > 0 from {{ ref('stg_core__customers') }}) as knows_referrers
),

uses as (
    select
        card_id,
        max(last_used_on) as last_used_on,
        {%- for name in ['spend_30d', 'spend_90d', 'spend_91d', 'spend_180d', 'bought_180d', 'instalment_180d', 'large_ticket_90d'] %}
        sum({{ name }}_amount) as {{ name }}_amount,
        {%- endfor %}
        sum(case when category in ('beauty', 'apparel', 'maternity') then purchase_90d_count else 0 end) as beauty_90d_count
    from {{ ref('card_spending') }}
    group by card_id
),

cards as (
    select
        cards.card_id,
        cards.customer_id,
        cards.status,
        cards.status = 'closed' or coalesce(cards.closed_on <= {{ as_of() }}, false) as is_closed,
        cards.credit_limit,
        greatest(cards.current_balance, 0) as used_amount,
        cards.approved_on,
        coalesce(cards.activated_on, cards.first_used_on) as activated_on,
        cards.first_used_on,
        {%- for name in ['spend_30d', 'spend_90d', 'spend_91d', 'spend_180d', 'bought_180d', 'instalment_180d', 'large_ticket_90d'] %}
        coalesce(uses.{{ name }}_amount, 0) as {{ name }}_amount,
        {%- endfor %}
        coalesce(uses.beauty_90d_count, 0) as beauty_90d_count,
        -- used once, but not in the window of transactions: for as long as that at least
        coalesce(uses.last_used_on, case
            when cards.first_used_on < coverage.uses_from then {{ plus_days('coverage.uses_from', -1) }}
            else cards.first_used_on
        end) as last_used_on,
        coverage.uses_from,
        coverage.known_days,
        delivered.knows_first_use
    from {{ ref('stg_cards__credit_cards') }} as cards
    cross join coverage
    cross join delivered
    left join uses on cards.card_id = uses.card_id
),

staged as (
    select
        *,
        case
            when is_closed then 'lost'
            when status = 'not_activated' then 'not_activated'
            when last_used_on is null and (knows_first_use or approved_on >= uses_from or activated_on >= uses_from) then 'activated_unused'
            when last_used_on is null and known_days < {{ threshold('card_dormant_days') }} then 'unknown'
            when activated_on >= {{ plus_days(as_of(), '-' ~ threshold('card_honeymoon_days')) }} then 'honeymoon'
            when known_days < {{ threshold('card_dormant_days') }} then 'unknown'
            when coalesce(last_used_on <= {{ plus_days(as_of(), '-' ~ threshold('card_dormant_days')) }}, true) then 'dormant'
            when last_used_on <= {{ plus_days(as_of(), '-' ~ threshold('card_active_days')) }} then 'cooling'
            when spend_180d_amount > spend_90d_amount
                and spend_90d_amount <= (1 - {{ threshold('card_cooling_fall') }}) * (spend_180d_amount - spend_90d_amount) then 'cooling'
            else 'active'
        end as stage
    from cards
),

leading_cards as (
    select *
    from staged
    qualify row_number() over (
        partition by customer_id
        order by
            case stage{% for stage in stages %} when '{{ stage }}' then {{ loop.index }}{% endfor %} end nulls last,
            approved_on desc nulls last,
            card_id nulls last
    ) = 1
),

holders as (
    select
        customer_id,
        {%- for name in ['spend_30d', 'spend_90d', 'spend_180d', 'bought_180d', 'instalment_180d', 'large_ticket_90d'] %}
        sum({{ name }}_amount) as {{ name }}_amount,
        {%- endfor %}
        sum(beauty_90d_count) as beauty_90d_count,
        sum(case when stage = 'honeymoon' then spend_91d_amount else 0 end) as honeymoon_amount,
        sum(case when is_closed then 0 else credit_limit end) as limit_amount,
        sum(case when is_closed then 0 else used_amount end) as used_amount,
        max(case when is_closed then 0 else 1 end) as has_open_card,
        max(case when is_closed or status = 'not_activated' then 0 else 1 end) as has_activated_card
    from staged
    group by customer_id
),

category_spend as (
    select
        cards.customer_id,
        spending.category,
        sum(spending.spend_180d_amount) as amount
    from {{ ref('card_spending') }} as spending
    inner join cards on spending.card_id = cards.card_id
    where spending.category <> 'other'
    group by cards.customer_id, spending.category
    having sum(spending.spend_180d_amount) > 0
),

category_ranks as (
    select
        customer_id,
        category,
        row_number() over (partition by customer_id order by amount desc nulls last, category nulls last) as place
    from category_spend
),

top_categories as (
    select
        customer_id,
        concat_ws(','{% for place in range(1, 4) %}, max(case when place = {{ place }} then category end){% endfor %}) as categories
    from category_ranks
    where place <= 3
    group by customer_id
),

products as (
    select distinct customer_id
    from {{ ref('customer_products') }}
    where category in ('{{ products | join("', '") }}')
),

debit_cards as (
    select distinct customer_id
    from {{ ref('stg_cards__debit_cards') }}
    where status = 'active'
),

referred as (
    select customer_id, referrer_customer_id
    from {{ ref('stg_core__customers') }}
    where referrer_customer_id is not null and referrer_customer_id <> customer_id
    union
    select customer_id, referrer_customer_id
    from {{ ref('stg_cards__credit_cards') }}
    where referrer_customer_id is not null and referrer_customer_id <> customer_id
),

referrals as (
    select referrer_customer_id as customer_id, count(*) as referral_count
    from referred
    group by referrer_customer_id
),

known as (
    select
        balances.customer_id,
        nullif(leading_cards.stage, 'unknown') as stage,
        leading_cards.approved_on,
        leading_cards.activated_on,
        leading_cards.first_used_on,
        coalesce(leading_cards.last_used_on, leading_cards.activated_on, leading_cards.approved_on) as unused_from,
        {%- for name in ['spend_30d', 'spend_90d', 'spend_180d', 'bought_180d', 'instalment_180d', 'large_ticket_90d', 'honeymoon', 'limit', 'used'] %}
        coalesce(holders.{{ name }}_amount, 0) as {{ name }}_amount,
        {%- endfor %}
        coalesce(holders.beauty_90d_count, 0) as beauty_90d_count,
        top_categories.categories,
        coalesce(holders.has_open_card, 0) = 1 as has_open_card,
        coalesce(holders.has_activated_card, 0) = 1 as has_activated_card,
        balances.demand_amount >= {{ threshold('single_card_demand_from') }} as uses_demand,
        case when delivered.knows_debit_cards then debit_cards.customer_id is not null end as has_debit_card,
        products.customer_id is not null as has_other_product,
        coalesce(referrals.referral_count, 0) as referral_count,
        coverage.known_days,
        delivered.knows_cards,
        delivered.knows_referrers
    from {{ ref('customer_balances') }} as balances
    cross join coverage
    cross join delivered
    left join leading_cards on balances.customer_id = leading_cards.customer_id
    left join holders on balances.customer_id = holders.customer_id
    left join top_categories on balances.customer_id = top_categories.customer_id
    left join products on balances.customer_id = products.customer_id
    left join debit_cards on balances.customer_id = debit_cards.customer_id
    left join referrals on balances.customer_id = referrals.customer_id
),

single as (
    select
        *,
        has_activated_card and not uses_demand and not has_other_product as is_credit_only,
        has_debit_card and uses_demand and not has_open_card and not has_other_product as is_debit_only
    from known
)

select
    customer_id,
    stage as card_stage,
    case when stage = 'honeymoon' then {{ days_between(as_of(), 'activated_on') }} end as days_in_honeymoon,
    case
        when stage <> 'honeymoon' or known_days < {{ threshold('card_honeymoon_days') }} + 1 then null
        when honeymoon_amount >= 50000 then '50k'
        when honeymoon_amount >= 10000 then '10k'
        when honeymoon_amount >= 1000 then '1k'
        when stage = 'honeymoon' then 'under_1k'
    end as honeymoon_band,
    {%- for days in [30, 90, 180] %}
    case when known_days >= {{ days }} then {{ money('spend_' ~ days ~ 'd_amount') }} end as card_spend_{{ days }}d_amount,
    {%- endfor %}
    case when knows_cards then {{ money('limit_amount') }} end as card_limit_amount,
    {{ rate('used_amount', 'limit_amount') }} as card_utilisation_rate,
    approved_on as card_approved_on,
    activated_on as card_activated_on,
    first_used_on as card_first_used_on,
    case when known_days > 0 then {{ days_between(as_of(), 'unused_from') }} end as card_unused_days,
    case when known_days >= 90 then {{ money('large_ticket_90d_amount') }} end as card_large_ticket_90d_amount,
    case when known_days >= 180 then {{ rate('instalment_180d_amount', 'bought_180d_amount') }} end as instalment_share_180d,
    case when known_days >= 180 then categories end as top_card_categories,
    case when known_days >= 90 then cast(beauty_90d_count as integer) end as beauty_card_90d_count,
    case when knows_cards then is_credit_only or is_debit_only end as is_single_card,
    case when knows_cards and is_credit_only then 'credit' when knows_cards and is_debit_only then 'debit' end as single_card_kind,
    case when knows_referrers then cast(referral_count as integer) end as referrals_made_count,
    {{ as_of_column() }}
from single
