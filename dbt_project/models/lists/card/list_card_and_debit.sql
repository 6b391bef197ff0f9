-- list_card_and_debit 单卡变双卡: who uses one of our two kinds of card, and could well use the other?
--
-- Who: uses a credit card alone; or a debit card alone, spends at least 3 000 a month, and is not known to be unfit for
-- a credit card.
-- Order: pay, spend, balance, distance to a branch.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where is_single_card
    and (
        single_card_kind = 'credit'
        or (
            monthly_outflow_median_amount >= {{ threshold('card_and_debit_spend_from', rule) }}
            and coalesce(is_credit_eligible_card, true)
        )
    )
{% endcall %}
