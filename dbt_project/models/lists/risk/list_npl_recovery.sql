-- list_npl_recovery 不良清收: whose bad debt can be paid, at least in part?
--
-- Who: a loan non-performing or written off, and means to pay a fifth of what is overdue or more (capacity A to C).
-- The borrower alone is the subject; guarantors are counted, for the debt binds them too, relatives never are.
-- Order: capacity, money seen coming in, balance.
{% call(rule) marketing_list() %}
with guarantors as (
    select customer_id, count(distinct related_customer_id) as guarantor_count
    from {{ ref('stg_crm__relations') }}
    where relation_type = 'guarantor'
    group by customer_id
)

select
    labels.customer_id as subject_id,
    labels.overdue_amount as stake_amount,
    cast(null as date) as due_on,
    cast(guarantors.guarantor_count as integer) as guarantor_count
from {{ ref('customer_labels') }} as labels
left join guarantors on labels.customer_id = guarantors.customer_id
where labels.is_npl
    and labels.overdue_amount >= {{ threshold('npl_recovery_from', rule) }}
    and labels.repayment_capacity in ('A', 'B', 'C')
{% endcall %}
