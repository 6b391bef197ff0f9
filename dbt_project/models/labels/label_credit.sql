-- label_credit: could this customer carry a loan or a card, and what do lists from outside and the bureau say?
--
-- One row per customer. Income is pay, else what comes in every month if that hardly swings; otherwise nobody knows it. A
-- customer is eligible when nothing is overdue or bad, the age fits the product and debts leave enough of the income: no
-- as soon as one of these fails, unknown as long as one is unknown. What the credit bureau told is read only under an
-- authorisation that runs and names marketing; no query is ever made for a list.
{% set products = ['consumer', 'business', 'card'] %}
with repayments as (
    select
        customer_id,
        sum(due_3m_amount) as due_3m_amount,
        max(case when due_3m_amount is null then 1 else 0 end) as is_unknown
    from {{ ref('loan_records') }}
    where is_running
    group by customer_id
),

-- a batch from outside may know a customer by the document number only
whitelisted as (
    select
        coalesce(whitelist.customer_id, customers.customer_id) as customer_id,
        whitelist.approved_limit,
        whitelist.product_code,
        whitelist.origin,
        whitelist.valid_to,
        whitelist.batch_id
    from {{ ref('stg_lending__loan_whitelist') }} as whitelist
    left join {{ ref('stg_core__customers') }} as customers
        on whitelist.customer_id is null and whitelist.id_hash = customers.id_hash
    where whitelist.valid_from <= {{ as_of() }}
        and whitelist.valid_to >= {{ as_of() }}
        and whitelist.contact_ground is not null
        and coalesce(whitelist.customer_id, customers.customer_id) is not null
),

origins as (
    select customer_id, count(distinct origin) as origin_count
    from whitelisted
    group by customer_id
),

best_offers as (
    select *
    from whitelisted
    qualify row_number() over (
        partition by customer_id
        order by approved_limit desc nulls last, valid_to desc nulls last, product_code nulls last, batch_id nulls last
    ) = 1
),

bureau as (
    select *
    from {{ ref('stg_lending__bureau_summaries') }}
    where authorised_until >= {{ as_of() }}
        and reported_on <= {{ as_of() }}
        and concat(',', replace(lower(authorised_purposes), ' ', ''), ',') like '%,marketing,%'
),

known as (
    select
        lending.customer_id,
        profiles.age,
        not lending.is_overdue and not lending.is_npl as is_clean,
        coalesce(flows.payroll_median_amount, case
            when flows.inflow_stability_rate >= {{ threshold('income_stability_from') }} then flows.monthly_inflow_median_amount
        end) as income_amount,
        case
            when not lending.has_loan then 0
            when repayments.is_unknown = 0 then repayments.due_3m_amount
        end as due_3m_amount,
        {{ delivered(ref('stg_lending__loan_whitelist')) }} as knows_whitelist,
        origins.origin_count,
        best_offers.approved_limit as offer_amount,
        best_offers.product_code as offer_product,
        best_offers.valid_to as offer_until,
        bureau.other_bank_loan_count,
        bureau.other_bank_loan_balance,
        bureau.other_bank_monthly_repayment,
        bureau.hard_inquiries_3m,
        bureau.is_overdue_elsewhere
    from {{ ref('label_lending') }} as lending
    inner join {{ ref('label_profile') }} as profiles on lending.customer_id = profiles.customer_id
    inner join {{ ref('label_flow') }} as flows on lending.customer_id = flows.customer_id
    left join repayments on lending.customer_id = repayments.customer_id
    left join origins on lending.customer_id = origins.customer_id
    left join best_offers on lending.customer_id = best_offers.customer_id
    left join bureau on lending.customer_id = bureau.customer_id
),

rated as (
    select *, {{ rate('due_3m_amount', 'income_amount * 3') }} as debt_service_ratio
    from known
)

select
    customer_id,
    {{ money('income_amount') }} as estimated_income_amount,
    debt_service_ratio,
    {%- for product in products %}
    is_clean
    and age between {{ threshold('credit_' ~ product ~ '_age_from') }} and {{ threshold('credit_' ~ product ~ '_age_to') }}
    and debt_service_ratio < {{ threshold('credit_' ~ product ~ '_max_debt_ratio') }} as is_credit_eligible_{{ product }},
    {%- endfor %}
    case when knows_whitelist then {{ money('coalesce(offer_amount, 0)') }} end as whitelist_limit_amount,
    {{ days_between('offer_until', as_of()) }} as whitelist_days_left,
    case when knows_whitelist then cast(coalesce(origin_count, 0) as integer) end as whitelist_origin_count,
    offer_product as whitelist_product,
    cast(other_bank_loan_count as integer) as bureau_loan_count,
    {{ money('other_bank_loan_balance') }} as bureau_loan_balance,
    {{ money('other_bank_monthly_repayment') }} as bureau_monthly_repayment_amount,
    cast(hard_inquiries_3m as integer) as bureau_hard_inquiry_3m_count,
    is_overdue_elsewhere,
    {{ as_of_column() }}
from rated
