-- card_spending: what is each credit card used for, and since when not?
--
-- One row per card and category of shop with a booking in the last 395 days. The category is what the longest beginning of
-- the merchant category code says (patterns.csv, kind 'mcc'), else 'other'. Spend is purchases less refunds: drawing cash is
-- use of a card, but no spend.
with bookings as (
    select
        card_id,
        mcc,
        biz_date,
        case when is_refund then 0 else 1 end as is_use,
        case when channel <> 'atm' and not is_refund then amount else 0 end as bought_amount,
        case when channel = 'atm' then 0 when is_refund then -amount else amount end as spent_amount,
        case when channel = 'atm' or is_refund then 0 else 1 end as is_purchase,
        is_instalment
    from {{ ref('stg_cards__card_transactions') }}
    where biz_date > {{ plus_days(as_of(), -395) }}
),

-- the patterns are looked for in the different codes, not in every row
categories as (
    select codes.mcc, patterns.meaning as category
    from (select distinct mcc from {{ ref('stg_cards__card_transactions') }}) as codes
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'mcc' and codes.mcc like concat(patterns.pattern, '%')
    qualify row_number() over (partition by codes.mcc order by length(patterns.pattern) desc nulls last, patterns.pattern nulls last) = 1
),

sums as (
    select
        card_id,
        mcc,
        max(case when is_use = 1 then biz_date end) as last_used_on,
        {%- for days in [30, 90, 91, 180] %}
        sum(case when biz_date > {{ plus_days(as_of(), -days) }} then spent_amount else 0 end) as spend_{{ days }}d_amount,
        {%- endfor %}
        sum(case when biz_date > {{ plus_days(as_of(), -180) }} then bought_amount else 0 end) as bought_180d_amount,
        sum(case when biz_date > {{ plus_days(as_of(), -180) }} and is_instalment then bought_amount else 0 end) as instalment_180d_amount,
        sum(case when biz_date > {{ plus_days(as_of(), -90) }} then is_purchase else 0 end) as purchase_90d_count,
        sum(case
            when biz_date > {{ plus_days(as_of(), -90) }} and not is_instalment and bought_amount >= {{ threshold('card_large_ticket_from') }}
                then bought_amount
            else 0
        end) as large_ticket_90d_amount
    from bookings
    group by card_id, mcc
)

select
    sums.card_id,
    coalesce(categories.category, 'other') as category,
    max(sums.last_used_on) as last_used_on,
    {%- for name in ['spend_30d', 'spend_90d', 'spend_91d', 'spend_180d', 'bought_180d', 'instalment_180d', 'large_ticket_90d'] %}
    {{ money('sum(sums.' ~ name ~ '_amount)') }} as {{ name }}_amount,
    {%- endfor %}
    cast(sum(sums.purchase_90d_count) as integer) as purchase_90d_count,
    {{ as_of_column() }}
from sums
left join categories on sums.mcc = categories.mcc
group by sums.card_id, coalesce(categories.category, 'other')
