-- branch_homes: to which branch does the business of each unit go on the list date?
--
-- One row per unit of the branch tree. What a correction keeps of a branch that was closed since goes there, as new leads
-- do (see placed).
select
    homes.*,
    {{ as_of_column() }}
from ({{ branch_homes() }}) as homes
