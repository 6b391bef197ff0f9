-- prospect_segments: whom are branches to look for outside 外拓?
--
-- One row per prospect and segment: outreach for all, outreach:<origin> by where they are known from. Prospects are no
-- customers and stand in no segment of customers.
select prospect_id, branch_id, 'outreach' as segment, {{ as_of_column() }}
from {{ ref('prospects') }}
union all
select prospect_id, branch_id, concat('outreach:', origin) as segment, {{ as_of_column() }}
from {{ ref('prospects') }}
