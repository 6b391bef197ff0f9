{{ config(materialized='view') }}
-- members_once: who is a member of each list, each subject of a list once?
--
-- One row per list and subject. A list that names somebody twice is withheld (duplicate_subject), and is counted all the
-- same: of such rows the strongest stands here. Only withheld lists can hold them, so that the others are not sorted.
select members.*
from {{ ref('list_members') }} as members
anti join {{ source('memory', 'verdicts') }} as verdicts on members.list = verdicts.list
union all
select members.*
from {{ ref('list_members') }} as members
semi join {{ source('memory', 'verdicts') }} as verdicts on members.list = verdicts.list
qualify row_number() over (
    partition by members.list, members.subject_id
    order by members.is_entry desc, members.score desc, members.stake_amount desc nulls last, members.due_on nulls last,
        members.facts
) = 1
