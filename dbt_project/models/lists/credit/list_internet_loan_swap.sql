-- list_internet_loan_swap 网贷置换: who pays lenders on the internet what a loan here would cost less?
--
-- Who: an internet loan, fit for a consumer loan here, and a loan product on sale that may refinance others.
-- At stake: a year of what is paid there, at least the smallest loan we make.
-- Order: number of lenders, amount, age, pay here.
{% call(rule) marketing_list() %}
with refinancing as (
    select count(*) as product_count
    from {{ ref('stg_core__products') }}
    where category = 'consumer_loan' and is_on_sale and refinance_allowed
)

select
    labels.customer_id as subject_id,
    greatest(4 * labels.internet_loan_90d_amount, {{ threshold('loan_swap_least') }}) as stake_amount,
    cast(null as date) as due_on
from {{ ref('customer_labels') }} as labels
cross join refinancing
where labels.has_internet_loan
    and labels.is_credit_eligible_consumer
    and refinancing.product_count > 0
{% endcall %}
