-- report_industry_60 行业客群: of which industries are the branch's business owners and companies, and what more is there?
--
-- One row per branch and group of industries (patterns.csv, kind industry: the longest pattern in the industry as delivered;
-- other without one). An owner is the customer behind an active registered business (prospect_links); of several businesses
-- the oldest counts. Businesses of nobody here are prospects, of the nearest branch; companies and whom they pay through
-- another bank stand beside them.
with industries as (
    select names.industry, patterns.meaning as industry_group
    from (
        select industry from {{ ref('stg_external__business_registry') }}
        union
        select industry from {{ ref('stg_crm__corporates') }}
    ) as names
    inner join {{ ref('patterns') }} as patterns
        on patterns.kind = 'industry' and names.industry like concat('%', patterns.pattern, '%')
    qualify row_number() over (partition by names.industry order by length(patterns.pattern) desc nulls last, patterns.pattern nulls last) = 1
),

owners as (
    select links.customer_id, businesses.industry
    from {{ ref('stg_external__business_registry') }} as businesses
    inner join {{ ref('prospect_links') }} as links on concat('P', md5(concat('registry|', businesses.registration_no))) = links.prospect_id
    where businesses.status = 'active'
    qualify row_number() over (
        partition by links.customer_id order by businesses.registered_on nulls last, businesses.registration_no nulls last
    ) = 1
),

found as (
    select
        labels.home_branch_id as branch_id,
        owners.industry,
        1 as is_customer,
        0 as is_prospect,
        0 as is_corporate,
        labels.product_count,
        labels.eligible_product_count,
        case when labels.has_loan then 1 when not labels.has_loan then 0 end as is_borrower,
        labels.loan_balance,
        case when labels.potential_score >= {{ threshold('potential_high_from') }} then 1 else 0 end as is_potential,
        labels.aum,
        cast(null as decimal(18, 2)) as corporate_balance,
        0 as paid_elsewhere_count
    from owners
    inner join {{ ref('customer_labels') }} as labels on owners.customer_id = labels.customer_id
    where not labels.is_deceased
    union all
    select branch_id, industry, 0, 1, 0, 0, 0, null, null, 0, null, null, 0
    from {{ ref('prospects') }}
    where origin = 'registry' and branch_id is not null
    union all
    select branch_id, industry, 0, 0, 1, 0, 0, null, null, 0, null, balance, paid_elsewhere_count
    from {{ ref('corporates') }}
)

select
    found.branch_id,
    coalesce(industries.industry_group, 'other') as industry_group,
    cast(sum(found.is_customer) as integer) as customer_count,
    cast(sum(found.is_prospect) as integer) as prospect_count,
    cast(sum(found.is_customer + found.is_prospect) as integer) as owner_count,
    {{ rate('sum(found.is_customer)', 'sum(found.is_customer + found.is_prospect)') }} as reach_rate,
    cast(sum(found.product_count) as integer) as product_count,
    cast(sum(found.eligible_product_count) as integer) as eligible_product_count,
    {{ rate('sum(found.product_count)', 'sum(found.eligible_product_count)') }} as penetration_rate,
    cast(sum(found.is_borrower) as integer) as borrower_count,
    {{ money('sum(found.loan_balance)') }} as loan_amount,
    cast(sum(found.is_potential) as integer) as potential_count,
    {{ money('coalesce(sum(found.aum), 0)') }} as aum_amount,
    cast(sum(found.is_corporate) as integer) as corporate_count,
    {{ money('coalesce(sum(found.corporate_balance), 0)') }} as corporate_deposit_amount,
    cast(sum(found.paid_elsewhere_count) as integer) as paid_elsewhere_count,
    {{ as_of_column() }}
from found
left join industries on found.industry = industries.industry
group by found.branch_id, coalesce(industries.industry_group, 'other')
