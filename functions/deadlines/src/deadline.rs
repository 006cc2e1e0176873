//! One deadline, the words that classify it, and where the table keeps it.
//!
//! Invariant: a deadline read back from its attributes is the deadline that was written.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// Something is due on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Deadline {
    /// The rule and the day on which it falls before weekends and holidays move it: stable when a holiday is added.
    pub id: String,
    /// The country whose law sets it.
    pub country: Country,
    /// Who wants it.
    pub agency: Agency,
    /// What is due.
    pub name: String,
    /// Which kind of obligation it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// What it is due for, in words.
    pub period: String,
    /// The last day on which it is on time.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date")))]
    pub due_date: Date,
    /// What has to be done.
    pub description: String,
    /// Who has to do it.
    pub applicable_to: String,
    /// The agency's own page.
    pub source_url: String,
}

/// An item that is no deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("item without a readable `{0}`: load the deadlines again with `cargo xtask deploy`")]
pub struct Incomplete(pub &'static str);

/// Partition of the deadlines table that holds a country's deadlines due in a year.
pub fn partition(country: Country, year: i16) -> String {
    format!("{country}#{year}")
}

impl Deadline {
    /// Partition key of its item.
    pub fn partition(&self) -> String {
        partition(self.country, self.due_date.year())
    }

    /// Sort key of its item: a partition is in the order of due dates.
    pub fn sort(&self) -> String {
        format!("{}#{}", self.due_date, self.id)
    }

    /// Every attribute of its item but the keys, all of them strings.
    pub fn attributes(&self) -> [(&'static str, String); 10] {
        let Self { id, country, agency, name, kind, period, due_date, description, applicable_to, source_url } = self;
        [
            ("id", id.clone()),
            ("country", country.to_string()),
            ("agency", agency.to_string()),
            ("name", name.clone()),
            ("type", kind.to_string()),
            ("period", period.clone()),
            ("dueDate", due_date.to_string()),
            ("description", description.clone()),
            ("applicableTo", applicable_to.clone()),
            ("sourceUrl", source_url.clone()),
        ]
    }

    /// The deadline of an item, given a way to read its attributes.
    ///
    /// # Errors
    /// When an attribute is absent or cannot be read; it is named.
    pub fn from_attributes<'a>(attribute: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, Incomplete> {
        let text = |name| attribute(name).map(str::to_owned).ok_or(Incomplete(name));
        Ok(Self {
            id: text("id")?,
            country: parsed("country", &text("country")?)?,
            agency: parsed("agency", &text("agency")?)?,
            name: text("name")?,
            kind: parsed("type", &text("type")?)?,
            period: text("period")?,
            due_date: parsed("dueDate", &text("dueDate")?)?,
            description: text("description")?,
            applicable_to: text("applicableTo")?,
            source_url: text("sourceUrl")?,
        })
    }
}

fn parsed<T: FromStr>(name: &'static str, text: &str) -> Result<T, Incomplete> {
    text.parse().map_err(|_| Incomplete(name))
}

/// A word that is none of those known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct Unknown(String);

/// Gives an enum its words: one spelling for JSON, the table and queries, read in any case.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$word_doc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(text: &str) -> Result<Self, Unknown> {
                let found = Self::ALL.iter().find(|one| one.word().eq_ignore_ascii_case(text));
                let words = || Self::ALL.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ");
                found.copied().ok_or_else(|| Unknown(words()))
            }
        }
    };
}

words! {
    /// A country, by its ISO 3166 code.
    Country {
        /// Australia.
        Australia = "AU",
        /// New Zealand.
        NewZealand = "NZ",
    }
}

words! {
    /// The kind of an obligation.
    Kind {
        /// Returns and payments of goods and services tax.
        Gst = "gst",
        /// Income tax: returns, instalments, payments.
        IncomeTax = "income-tax",
        /// What employers withhold and report of wages.
        Payroll = "payroll",
        /// Payroll tax of an Australian state.
        PayrollTax = "payroll-tax",
        /// Contributions to and reports of superannuation and KiwiSaver.
        Superannuation = "superannuation",
        /// Fringe benefits tax.
        FringeBenefits = "fringe-benefits",
        /// Tax withheld from interest, dividends and royalties.
        WithholdingTax = "withholding-tax",
        /// Reports about payments to others.
        ThirdPartyReporting = "third-party-reporting",
        /// Duties of companies and charities to their registers.
        Corporate = "corporate",
    }
}

words! {
    /// Who a deadline is owed to.
    Agency {
        /// Australian Taxation Office.
        Ato = "ATO",
        /// Australian Securities and Investments Commission.
        Asic = "ASIC",
        /// Australian Charities and Not-for-profits Commission.
        Acnc = "ACNC",
        /// Workplace Gender Equality Agency.
        Wgea = "WGEA",
        /// Attorney-General's Department, keeper of the Modern Slavery Statements Register.
        Agd = "AGD",
        /// Revenue NSW.
        RevenueNsw = "Revenue NSW",
        /// State Revenue Office Victoria.
        SroVictoria = "SRO Victoria",
        /// RevenueWA.
        RevenueWa = "RevenueWA",
        /// Inland Revenue of New Zealand.
        Ird = "IRD",
        /// New Zealand Companies Office.
        CompaniesOffice = "Companies Office",
        /// Charities Services of New Zealand.
        CharitiesServices = "Charities Services",
    }
}

impl Country {
    /// Where in the country a day ends last: Perth, and New Zealand in winter. A deadline is upcoming until then.
    pub(crate) const fn last_offset(self) -> Offset {
        match self {
            Self::Australia => Offset::constant(8),
            Self::NewZealand => Offset::constant(12),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_deadline_read_back_from_its_attributes_is_the_same() {
        for deadline in crate::all() {
            let item: BTreeMap<_, _> = deadline.attributes().into();
            let read = Deadline::from_attributes(|name| item.get(name).map(String::as_str));
            assert_eq!(read, Ok(deadline));
        }
    }

    #[test]
    fn json_and_attributes_use_the_same_names_and_words() {
        let deadline = &crate::all()[0];
        let json = serde_json::to_value(deadline).unwrap();
        let attributes: serde_json::Map<_, _> =
            deadline.attributes().map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect();
        assert_eq!(json, serde_json::Value::Object(attributes));
    }

    #[test]
    fn an_item_without_an_attribute_names_it() {
        let item: BTreeMap<_, _> = crate::all()[0].attributes().into();
        let read =
            |missing| Deadline::from_attributes(|name| item.get(name).filter(|_| name != missing).map(String::as_str));
        assert_eq!(read("sourceUrl"), Err(Incomplete("sourceUrl")));
        assert_eq!(read("dueDate"), Err(Incomplete("dueDate")));
    }

    #[test]
    fn keys_lead_to_the_country_and_year_in_the_order_of_due_dates() {
        let all = crate::all();
        let deadline = all.iter().find(|deadline| deadline.id == "au-bas-quarterly-2026-10-28").unwrap();
        assert_eq!(
            (deadline.partition().as_str(), deadline.sort().as_str()),
            ("AU#2026", "2026-10-28#au-bas-quarterly-2026-10-28")
        );
    }
}
