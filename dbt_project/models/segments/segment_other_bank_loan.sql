-- segment_other_bank_loan 他行贷款: who repays another bank?
--
-- One row per customer with a loan series at another bank.
select customer_id, {{ as_of_column() }}
from {{ ref('customer_labels') }}
where has_other_bank_loan
