-- list_card_instalment 分期: who has bought something large by card, and might rather pay it over some months?
--
-- Who: an active card, large purchases of at least 3 000 in 90 days not paid in instalments, at least 1 000 still owed, and
-- nothing overdue.
-- Order: the purchases, how far the limit is used, instalments before.
{% call(rule) marketing_list() %}
with owing as (
    select
        customer_id,
        card_large_ticket_90d_amount,
        card_utilisation_rate * card_limit_amount as owed_amount
    from {{ ref('customer_labels') }}
    where card_stage = 'active' and not coalesce(is_overdue, false)
)

select
    customer_id as subject_id,
    least(card_large_ticket_90d_amount, owed_amount) as stake_amount,
    cast(null as date) as due_on,
    {{ money('owed_amount') }} as card_owed_amount
from owing
where card_large_ticket_90d_amount >= {{ threshold('card_instalment_from', rule) }}
    and owed_amount >= {{ threshold('card_instalment_owed_from', rule) }}
{% endcall %}
