-- label_card_use: what has this customer bought with our credit cards of late, and paid in instalments?
--
-- One row per customer. Judges the lists about cards afterwards, so it counts what is hard to bring about by hand: three
-- purchases on two days in other people's shops, with what went back taken out; one tap in the lobby is no use of a card.
-- Two bills (45 days) hold the first habit, a year tells what the card was worth before it fell asleep.
with coverage as (
    select coalesce({{ days_between(as_of(), 'min(biz_date)') }} + 1, 0) as known_days
    from {{ ref('stg_cards__card_transactions') }}
),

delivered as (
    select {{ delivered(ref('stg_cards__credit_cards')) }} as knows_cards
),

cards as (
    select
        *,
        status = 'closed' or coalesce(closed_on <= {{ as_of() }}, false) as is_closed
    from {{ ref('stg_cards__credit_cards') }}
),

-- a customer's shops, by number and by name: networks send one or the other
own_shops as (
    select customer_id, merchant_id as shop from {{ ref('stg_acquiring__merchants') }}
    where merchant_id is not null
    union
    select customer_id, merchant_name as shop from {{ ref('stg_acquiring__merchants') }}
    where merchant_name is not null
),

recent as (
    select
        txn_id,
        card_id,
        biz_date,
        amount,
        coalesce(merchant_id, '') as shop_id,
        coalesce(merchant_name, '') as shop_name,
        is_refund
    from {{ ref('stg_cards__card_transactions') }}
    where biz_date > {{ plus_days(as_of(), -45) }} and channel <> 'atm'
),

-- of n purchases of one amount in one shop with r refunds of it, the latest r went back
placed as (
    select
        *,
        row_number() over (
            partition by card_id, shop_name, amount, is_refund order by biz_date nulls last, txn_id nulls last
        ) as place,
        sum(case when is_refund then 0 else 1 end) over (partition by card_id, shop_name, amount)
        - sum(case when is_refund then 1 else 0 end) over (partition by card_id, shop_name, amount) as kept_count
    from recent
),

purchases as (
    select
        cards.customer_id,
        count(*) as purchase_count,
        count(distinct placed.biz_date) as purchase_days
    from placed
    inner join cards on placed.card_id = cards.card_id
    left join own_shops as by_id on cards.customer_id = by_id.customer_id and placed.shop_id = by_id.shop
    left join own_shops as by_name on cards.customer_id = by_name.customer_id and placed.shop_name = by_name.shop
    where not placed.is_refund
        and placed.place <= placed.kept_count
        and not cards.is_closed
        and by_id.shop is null
        and by_name.shop is null
    group by cards.customer_id
),

year_sums as (
    select
        card_id,
        sum(case when is_refund then -amount else amount end) as spent_amount,
        sum(case when is_instalment and not is_refund and biz_date > {{ plus_days(as_of(), -30) }} then amount else 0 end) as instalment_amount
    from {{ ref('stg_cards__card_transactions') }}
    where biz_date > {{ plus_days(as_of(), -365) }} and channel <> 'atm'
    group by card_id
),

holders as (
    select
        cards.customer_id,
        sum(coalesce(year_sums.spent_amount, 0)) as spent_amount,
        sum(coalesce(year_sums.instalment_amount, 0)) as instalment_amount,
        sum(case when cards.is_closed then 0 else coalesce(cards.instalment_balance, 0) end) as instalment_balance,
        max(case when cards.is_closed then cards.closed_on end) as closed_on
    from cards
    left join year_sums on cards.card_id = year_sums.card_id
    group by cards.customer_id
)

select
    customers.customer_id,
    case when coverage.known_days >= 45 then cast(coalesce(purchases.purchase_count, 0) as integer) end as card_purchase_45d_count,
    case when coverage.known_days >= 45 then cast(coalesce(purchases.purchase_days, 0) as integer) end as card_purchase_days_45d_count,
    case when coverage.known_days >= 365 then {{ money('coalesce(holders.spent_amount, 0)') }} end as card_spend_365d_amount,
    case when coverage.known_days >= 30 then {{ money('coalesce(holders.instalment_amount, 0)') }} end as card_instalment_30d_amount,
    case when delivered.knows_cards then {{ money('coalesce(holders.instalment_balance, 0)') }} end as card_instalment_balance,
    holders.closed_on as card_closed_on,
    {{ as_of_column() }}
from {{ ref('stg_core__customers') }} as customers
cross join coverage
cross join delivered
left join purchases on customers.customer_id = purchases.customer_id
left join holders on customers.customer_id = holders.customer_id
