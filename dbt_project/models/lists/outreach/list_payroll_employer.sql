-- list_payroll_employer 代发单位: which employers could pay their people through us?
--
-- Who: companies here that pay at least five of our customers through another bank, or that keep deposits here and pay
-- nobody through us.
-- Order: people paid elsewhere, what they are paid, deposits.
{% call(rule) marketing_list('corporates', 'corporate_id') %}
select
    corporate_id as subject_id,
    greatest(paid_monthly_amount, coalesce(avg_balance_year, 0)) as stake_amount,
    cast(null as date) as due_on
from {{ ref('corporates') }}
where paid_elsewhere_count >= {{ threshold('payroll_employer_people_from', rule) }}
    or (payroll_headcount = 0 and avg_balance_year >= {{ threshold('payroll_employer_balance_from', rule) }})
{% endcall %}
