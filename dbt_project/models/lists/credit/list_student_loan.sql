-- list_student_loan 助学贷款: who studied with our loan and now begins to earn?
--
-- Who: a student loan that runs and is not overdue, or one settled within three years.
-- Order: graduation, pay not yet here, paid on time.
{% call(rule) marketing_list() %}
with borrowers as (
    select customer_id, max(graduates_on) as graduates_on
    from {{ ref('stg_lending__loans') }}
    where loan_type = 'student'
        and (
            (status = 'performing' and opened_on <= {{ as_of() }})
            or (status = 'settled' and settled_on > {{ plus_months(as_of(), '-' ~ threshold('student_loan_months', rule)) }}
                and settled_on <= {{ as_of() }})
        )
    group by customer_id
)

select
    borrowers.customer_id as subject_id,
    cast(null as decimal(18, 2)) as stake_amount,
    case when borrowers.graduates_on >= {{ as_of() }} then borrowers.graduates_on end as due_on,
    borrowers.graduates_on as loan_graduates_on,
    {{ days_between('borrowers.graduates_on', as_of()) }} as days_to_graduation
from borrowers
inner join {{ ref('customer_labels') }} as labels on borrowers.customer_id = labels.customer_id
where not labels.is_overdue and not labels.is_npl
{% endcall %}
