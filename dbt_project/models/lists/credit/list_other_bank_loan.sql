-- list_other_bank_loan 他行贷款策反: who repays another bank's loan from an account here?
--
-- Who: a monthly repayment to another lender, told with high confidence, and nothing known against credit.
-- Order: amount, months seen, pay here.
{% call(rule) marketing_list() %}
select
    customer_id as subject_id,
    12 * other_bank_loan_monthly_amount as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }}
where has_other_bank_loan
    and other_bank_loan_confidence = 'high'
    and other_bank_loan_monthly_amount >= {{ threshold('other_bank_loan_list_from', rule) }}
    and coalesce(is_credit_eligible_consumer, true)
{% endcall %}
