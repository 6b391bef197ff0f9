-- report_credit_cover 信贷覆盖度: how many of each branch's customers borrow here, and where is the room for more?
--
-- One row per home branch, view and what the view counts by ('*' for what others count by): view segment by segment
-- (existing: everybody), age by age band of the grown-ups, holding by ETC and our social-security card: who pays tolls and
-- draws wages or benefits here and does not borrow is the warmest to ask. Of whom that is not known, none.
--
-- In a group smaller than small_group_from nobody's borrowing is told, nor what so few borrowers owe.
with customers as (
    select
        customer_id,
        home_branch_id,
        coalesce(age_band, 'unknown') as age_band,
        case
            when has_etc and has_social_security_card then 'etc_and_card'
            when has_etc and not has_social_security_card then 'etc_only'
            when not has_etc and has_social_security_card then 'card_only'
            when not has_etc and not has_social_security_card then 'neither'
        end as holding,
        has_loan,
        loan_balance
    from {{ ref('customer_labels') }}
    where has_loan is not null and not is_deceased
),

grouped as (
    select
        customers.home_branch_id,
        'segment' as view,
        segments.segment,
        '*' as age_band,
        '*' as holding,
        customers.has_loan,
        customers.loan_balance
    from {{ ref('customer_segments') }} as segments
    inner join customers on segments.customer_id = customers.customer_id
    where segments.segment not like '%:%'
    union all
    select home_branch_id, 'age' as view, '*' as segment, age_band, '*' as holding, has_loan, loan_balance
    from customers
    where age_band <> '<18'
    union all
    select home_branch_id, 'holding' as view, '*' as segment, '*' as age_band, holding, has_loan, loan_balance
    from customers
    where holding is not null
),

counted as (
    select
        home_branch_id,
        view,
        segment,
        age_band,
        holding,
        count(*) as customer_count,
        sum(case when has_loan then 1 else 0 end) as borrower_count,
        sum(loan_balance) as loan_amount
    from grouped
    group by home_branch_id, view, segment, age_band, holding
),

shown as (
    select
        home_branch_id,
        view,
        segment,
        age_band,
        holding,
        customer_count,
        case when customer_count >= {{ threshold('small_group_from') }} then borrower_count end as borrower_count,
        case
            when customer_count >= {{ threshold('small_group_from') }} and (borrower_count >= {{ threshold('small_group_from') }} or borrower_count = 0)
                then loan_amount
        end as loan_amount
    from counted
)

select
    home_branch_id as branch_id,
    view,
    segment,
    age_band,
    holding,
    cast(customer_count as integer) as customer_count,
    cast(borrower_count as integer) as borrower_count,
    cast(customer_count - borrower_count as integer) as no_loan_count,
    {{ rate('borrower_count', 'customer_count') }} as cover_rate,
    {{ money('loan_amount') }} as loan_amount,
    {{ as_of_column() }}
from shown
