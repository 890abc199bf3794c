DROP TABLE proposal_guarantees;
DROP TABLE proposals;
