{# Each unit of the branch tree and the one that its business is told of (`told_at`): itself, or a closed one's
   successor. #}
{% macro units() -%}
(select
    branch_id,
    case when closed_on <= {{ as_of() }} then coalesce(successor_branch_id, branch_id) else branch_id end as told_at
from {{ ref('stg_core__branches') }})
{%- endmacro %}
