{# Each unit of the branch tree and the one that its business is told of (`told_at`): itself, or a closed one's
   successor. #}
{% macro units() -%}
(select
    branch_id,
    case when closed_on <= {{ as_of() }} then coalesce(successor_branch_id, branch_id) else branch_id end as told_at
from {{ ref('stg_core__branches') }})
{%- endmacro %}

{# Each unit and the branch that its business goes to: itself unless closed for good, else along its successors, three at
   most, else the unit above; null where there is none. #}
{% macro branch_homes() -%}
with standing as (
        select branches.branch_id
        from {{ ref('stg_core__branches') }} as branches
        where branches.level in ('branch', 'outlet') and (branches.closed_on is null or branches.closed_on > {{ list_date() }})
        union
        select branch_id from {{ ref('branch_capacity') }}
    )

    select
        branches.branch_id as unit_id,
        coalesce(own.branch_id, first_standing.branch_id, second_standing.branch_id, third_standing.branch_id, above.branch_id) as branch_id
    from {{ ref('stg_core__branches') }} as branches
    left join standing as own on branches.branch_id = own.branch_id
    left join {{ ref('stg_core__branches') }} as first_successor on branches.successor_branch_id = first_successor.branch_id
    left join standing as first_standing on first_successor.branch_id = first_standing.branch_id
    left join {{ ref('stg_core__branches') }} as second_successor on first_successor.successor_branch_id = second_successor.branch_id
    left join standing as second_standing on second_successor.branch_id = second_standing.branch_id
    left join standing as third_standing on second_successor.successor_branch_id = third_standing.branch_id
    left join standing as above on branches.parent_branch_id = above.branch_id
{%- endmacro %}
