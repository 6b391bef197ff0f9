-- list_business_loan_deepen 小微综合开发: which business borrower has nothing else here, for the firm or the family?
--
-- Who: a business loan that performs and is at least six months old, nothing overdue, and a product missing: for the
-- firm 企业端 a shop contract or collection code, for the family 家庭端 time deposit or wealth, card, mobile bank.
-- Order: what is missing on either side, settlement going elsewhere.
{% call(rule) marketing_list() %}
with loans as (
    select customer_id, min(opened_on) as opened_on, sum(balance) as business_balance
    from {{ ref('stg_lending__loans') }}
    where loan_type = 'business' and status = 'performing'
    group by customer_id
),

sides as (
    select
        labels.customer_id,
        loans.opened_on,
        loans.business_balance,
        case when labels.has_merchant_contract or labels.has_collection_code then 0 else 1 end as firm_missing_count,
        case when not labels.has_time and not labels.has_wealth then 1 else 0 end
        + case when not labels.has_credit_card then 1 else 0 end
        + case when not labels.has_app then 1 else 0 end as family_missing_count
    from loans
    inner join {{ ref('customer_labels') }} as labels on loans.customer_id = labels.customer_id
    where not labels.is_overdue and not labels.is_npl
)

select
    customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    cast(null as date) as due_on,
    {{ money('business_balance') }} as performing_business_amount,
    {{ full_months_between(as_of(), 'opened_on') }} as business_months,
    cast(firm_missing_count as integer) as firm_missing_count,
    cast(family_missing_count as integer) as family_missing_count
from sides
where opened_on <= {{ plus_months(as_of(), '-' ~ threshold('business_deepen_months', rule)) }}
    and firm_missing_count + family_missing_count >= {{ threshold('business_deepen_missing_from', rule) }}
{% endcall %}
