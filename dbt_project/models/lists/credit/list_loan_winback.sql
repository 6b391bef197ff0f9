-- list_loan_winback 贷款归巢: which good borrower has paid off and gone?
--
-- Who: the last loan settled within 36 months, matured or prepaid, never seen late, no loan now and no
-- limit lying undrawn (that is another list's).
-- Order: how recent, how large, how it was settled, a whitelist limit.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    last_settled_amount as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where months_since_loan_settled < {{ threshold('loan_winback_months', rule) }}
    and coalesce(last_settlement_kind, 'matured') in ('matured', 'prepaid')
    and coalesce(max_days_late_24m, max_days_late_12m, 0) = 0
    and not has_loan
    and not coalesce(has_unused_limit, false)
    and coalesce(is_credit_eligible_business, true)
{% endcall %}
