-- list_village_visit 整村走访: which households on a whitelist or a village census have no loan granted yet?
--
-- Who: people on a valid whitelist, or counted in a village census, who are no customers, with a limit approved.
-- Order: limit, neighbours who have drawn already, how soon the approval lapses. One village is one walk: neighbours share
-- the village and so come at like places.
{% call(rule) marketing_list('prospects', 'prospect_id') %}
with neighbours as (
    select
        customers.village_code,
        count(distinct loans.customer_id) as borrower_count
    from {{ ref('stg_core__customers') }} as customers
    inner join {{ ref('stg_lending__loans') }} as loans on customers.customer_id = loans.customer_id
    where customers.village_code is not null and loans.status = 'performing' and loans.loan_type <> 'mortgage'
    group by customers.village_code
)

select
    prospects.prospect_id as subject_id,
    prospects.approved_limit_amount as stake_amount,
    prospects.valid_to as due_on,
    villages.village_name,
    cast(coalesce(neighbours.borrower_count, 0) as integer) as neighbour_borrower_count,
    {{ days_between('prospects.valid_to', as_of()) }} as approval_days_left
from {{ ref('prospects') }} as prospects
inner join {{ ref('stg_external__villages') }} as villages on prospects.village_code = villages.village_code
left join neighbours on prospects.village_code = neighbours.village_code
where prospects.origin in ('whitelist', 'census')
    and prospects.approved_limit_amount >= {{ threshold('village_visit_limit_from', rule) }}
{% endcall %}
