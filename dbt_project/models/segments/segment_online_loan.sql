-- segment_online_loan 网贷: who borrows from internet lenders?
--
-- One row per customer with an internet loan.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where has_internet_loan
