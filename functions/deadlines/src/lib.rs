//! Tax and compliance deadlines of Australia and New Zealand: which there are, and which answer a question.
