-- list_card_cooling 用卡下降: who uses our card much less than a quarter ago?
--
-- Who: card stage cooling, with at least 500 spent in the 90 days before the last 90.
-- Order: the drop, the spend before, signs that something else pays now.
{% call(rule) marketing_list() %}
with spent as (
    select
        customer_id,
        card_spend_90d_amount,
        card_spend_180d_amount - card_spend_90d_amount as before_amount
    from {{ ref('customer_labels') }}
    where card_stage = 'cooling'
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ money('before_amount') }} as card_spend_before_amount,
    {{ rate('before_amount - card_spend_90d_amount', 'before_amount') }} as card_drop_rate
from spent
where before_amount >= {{ threshold('card_cooling_from', rule) }}
{% endcall %}
