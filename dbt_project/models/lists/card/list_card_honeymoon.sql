-- list_card_honeymoon 用卡蜜月: whose new card is in a wave of its honeymoon, and short of the next step?
--
-- Who: in one of four waves of days after activation (5-10, 25-35, 55-65, 75-85), with less than 50 000 spent. The next
-- step is the lowest of 1 000, 10 000 and 50 000 above what was spent since activation.
-- Order: the gap to the step, the wave, where the card is used.
--
-- Spend since activation is that of honeymoon_band: the cards opened within the honeymoon, their last 91 days.
{% call(rule) marketing_list() %}
with new_cards as (
    select cards.customer_id, sum(spending.spend_91d_amount) as amount
    from {{ ref('stg_cards__credit_cards') }} as cards
    inner join {{ ref('card_spending') }} as spending on cards.card_id = spending.card_id
    where coalesce(cards.activated_on, cards.first_used_on) >= {{ plus_days(as_of(), '-' ~ threshold('card_honeymoon_days')) }}
        and cards.status not in ('closed', 'not_activated')
        and (cards.closed_on is null or cards.closed_on > {{ as_of() }})
    group by cards.customer_id
),

spent as (
    select
        labels.customer_id,
        labels.days_in_honeymoon,
        labels.card_spend_180d_amount,
        coalesce(new_cards.amount, 0) as amount,
        case labels.honeymoon_band when 'under_1k' then 1000 when '1k' then 10000 when '10k' then 50000 end as step_amount
    from {{ ref('customer_labels') }} as labels
    left join new_cards on labels.customer_id = new_cards.customer_id
    where labels.card_stage = 'honeymoon'
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    cast({{ wave('days_in_honeymoon', rule) }} as integer) as card_wave,
    {{ money('amount') }} as card_honeymoon_amount,
    {{ money('step_amount') }} as card_step_amount,
    {{ money('step_amount - amount') }} as card_step_gap_amount,
    {{ money('card_spend_180d_amount - amount') }} as other_card_spend_amount
from spent
where {{ wave('days_in_honeymoon', rule) }} is not null
    and step_amount is not null
{% endcall %}
