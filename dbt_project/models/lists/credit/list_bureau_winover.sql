-- list_bureau_winover 征信策反: who may be offered to bring other banks' loans here, with their own leave to look?
--
-- Who: an authorisation that runs and names marketing, loans at other banks, clean there and here, fit for a consumer loan.
-- Off by default: the law lets no query be made to build a list; only reports that are there already may be read.
-- Order: estimated rate gap, balance, hard inquiries, headroom. The yearly rate is estimated from equal instalments
-- (24 × interest ÷ (balance × (months + 1))), the gap is against our cheapest refinancing loan on sale. No figure of a
-- report leaves with the lead: nothing is at stake, the offer has one value.
{% call(rule) marketing_list() %}
with offers as (
    select min(rates.annual_rate) as our_rate
    from {{ ref('stg_core__product_rates') }} as rates
    inner join {{ ref('stg_core__products') }} as products on rates.product_code = products.product_code
    where products.category = 'consumer_loan' and products.is_on_sale and products.refinance_allowed
        and rates.valid_from <= {{ as_of() }}
),

terms as (
    select
        bureau.customer_id,
        {{ rate('24 * (labels.bureau_monthly_repayment_amount * bureau.remaining_months - labels.bureau_loan_balance)',
            'labels.bureau_loan_balance * (bureau.remaining_months + 1)') }} as estimated_rate
    from {{ ref('stg_lending__bureau_summaries') }} as bureau
    inner join {{ ref('customer_labels') }} as labels on bureau.customer_id = labels.customer_id
    where labels.bureau_loan_count > 0
)

select
    labels.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    case when terms.estimated_rate > offers.our_rate
        then cast(terms.estimated_rate - offers.our_rate as decimal(9, 6)) end as estimated_rate_gap
from {{ ref('customer_labels') }} as labels
cross join offers
left join terms on labels.customer_id = terms.customer_id
where labels.bureau_loan_count >= {{ threshold('bureau_winover_loans_from', rule) }}
    and labels.bureau_loan_balance >= {{ threshold('bureau_winover_balance_from', rule) }}
    and not labels.is_overdue_elsewhere
    and coalesce(labels.max_days_late_24m, labels.max_days_late_12m, 0) = 0
    and labels.is_credit_eligible_consumer
{% endcall %}
