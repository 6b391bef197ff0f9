-- list_card_winback 销卡挽回: who gave their credit card back within the year, and would still get one?
--
-- Who: every card closed, the last at most 12 months ago, and not known to be unfit for a card.
-- Order: spend of the last year, how fresh the loss is, products still here.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ days_between(as_of(), 'card_closed_on') }} as card_closed_days
from {{ ref('customer_labels') }}
where card_stage = 'lost'
    and card_closed_on >= {{ plus_months(as_of(), '-' ~ threshold('card_winback_months', rule)) }}
    and coalesce(is_credit_eligible_card, true)
{% endcall %}
