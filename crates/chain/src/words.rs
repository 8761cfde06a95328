//! Closed vocabularies of the catalogue, after the national government data catalogue (政务信息资源
//! 目录) and DCAT: each word has a stable ASCII form and its names in Chinese and English.

/// Declares an enum whose words are stored, sent and shown.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal, $zh:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As stored and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// From its stored form.
            #[must_use]
            pub fn read(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|w| w.as_str() == word)
            }

            /// Its name for people.
            #[must_use]
            pub const fn title(self) -> tianyuan_kernel::text::Text {
                match self { $(Self::$variant => tianyuan_kernel::text::Text::new($zh, $en),)+ }
            }
        }

        // Derived, it would name the variants: utoipa does not see the words through the macro.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Where a dataset stands.
    DatasetState {
        /// Being prepared; seen by its unit and data officers.
        Draft = "draft", "草稿", "Draft";
        /// In the catalogue.
        Published = "published", "已发布", "Published";
        /// Taken out of the catalogue.
        Withdrawn = "withdrawn", "已撤下", "Withdrawn";
    }
}

vocabulary! {
    /// Sharing among units of government (共享属性).
    Sharing {
        /// Any unit may have it.
        Unconditional = "unconditional", "无条件共享", "Shared without condition";
        /// On request, for a purpose.
        Conditional = "conditional", "有条件共享", "Shared on conditions";
        /// Not shared.
        None = "none", "不予共享", "Not shared";
    }
}

vocabulary! {
    /// Opening to everyone (开放属性).
    Opening {
        /// Anybody may have its rows.
        Unconditional = "unconditional", "无条件开放", "Open to everyone";
        /// Anybody may see that it exists; rows on request.
        Conditional = "conditional", "有条件开放", "Open on conditions";
        /// Not open.
        None = "none", "不予开放", "Not open";
    }
}

vocabulary! {
    /// How often the provider renews it (更新周期).
    UpdateCycle {
        /// Within minutes.
        Realtime = "realtime", "实时", "In real time";
        /// Every day.
        Daily = "daily", "每日", "Daily";
        /// Every week.
        Weekly = "weekly", "每周", "Weekly";
        /// Every month.
        Monthly = "monthly", "每月", "Monthly";
        /// Every quarter.
        Quarterly = "quarterly", "每季度", "Quarterly";
        /// Twice a year.
        HalfYearly = "half_yearly", "每半年", "Twice a year";
        /// Every year.
        Yearly = "yearly", "每年", "Yearly";
        /// Without a rhythm.
        Irregular = "irregular", "不定期", "Irregularly";
    }
}

impl UpdateCycle {
    /// Days after which data of this cycle are late; `None` without a rhythm.
    #[must_use]
    pub const fn days(self) -> Option<i64> {
        Some(match self {
            Self::Realtime => 1,
            Self::Daily => 2,
            Self::Weekly => 9,
            Self::Monthly => 40,
            Self::Quarterly => 110,
            Self::HalfYearly => 210,
            Self::Yearly => 400,
            Self::Irregular => return None,
        })
    }
}

vocabulary! {
    /// Themes of open public data (开放领域).
    Theme {
        /// Economy.
        Economy = "economy", "经济建设", "Economy";
        /// City.
        City = "city", "城市建设", "City building";
        /// Traffic.
        Traffic = "traffic", "道路交通", "Roads and traffic";
        /// Education, science.
        Education = "education", "教育科技", "Education and science";
        /// Services to people.
        Services = "services", "民生服务", "Services to people";
        /// Public safety.
        Safety = "safety", "公共安全", "Public safety";
        /// Environment.
        Environment = "environment", "资源环境", "Resources and environment";
        /// Culture.
        Culture = "culture", "文化休闲", "Culture and leisure";
        /// Health.
        Health = "health", "卫生健康", "Health";
        /// Institutions.
        Institutions = "institutions", "机构团体", "Institutions";
        /// Farming.
        Farming = "farming", "农业农村", "Farming and countryside";
        /// Credit.
        Credit = "credit", "信用服务", "Credit";
    }
}

impl Theme {
    /// The code of the nearest theme in the EU's data theme authority table, which DCAT-AP wants.
    #[must_use]
    pub const fn eu_code(self) -> &'static str {
        match self {
            Self::Economy | Self::Credit => "ECON",
            Self::City => "REGI",
            Self::Traffic => "TRAN",
            Self::Education | Self::Culture => "EDUC",
            Self::Services => "SOCI",
            Self::Safety => "JUST",
            Self::Environment => "ENVI",
            Self::Health => "HEAL",
            Self::Institutions => "GOVE",
            Self::Farming => "AGRI",
        }
    }
}

vocabulary! {
    /// Under what terms data may be used.
    Licence {
        /// Public domain.
        Cc0 = "cc0_1_0", "CC0 1.0（放弃权利）", "CC0 1.0 (no rights reserved)";
        /// With attribution.
        CcBy = "cc_by_4_0", "CC BY 4.0（署名）", "CC BY 4.0 (attribution)";
        /// The terms stated with the dataset.
        Stated = "stated", "按数据集所列条件使用", "Terms stated with the dataset";
    }
}

impl Licence {
    /// Its address, where it has one.
    #[must_use]
    pub const fn uri(self) -> Option<&'static str> {
        match self {
            Self::Cc0 => Some("https://creativecommons.org/publicdomain/zero/1.0/"),
            Self::CcBy => Some("https://creativecommons.org/licenses/by/4.0/"),
            Self::Stated => None,
        }
    }
}

vocabulary! {
    /// A file a dataset can be had as.
    FileFormat {
        /// Text with commas.
        Csv = "csv", "CSV", "CSV";
        /// A workbook.
        Xlsx = "xlsx", "XLSX", "XLSX";
        /// JSON.
        Json = "json", "JSON", "JSON";
        /// Places as GeoJSON.
        GeoJson = "geojson", "GeoJSON", "GeoJSON";
        /// Parquet.
        Parquet = "parquet", "Parquet", "Parquet";
    }
}

vocabulary! {
    /// What a field holds.
    FieldType {
        /// Text; also codes, whose zeros count.
        Text = "text", "文本", "Text";
        /// Whole number.
        Integer = "integer", "整数", "Whole number";
        /// Number.
        Number = "number", "数值", "Number";
        /// Yes or no.
        Boolean = "boolean", "是/否", "Yes or no";
        /// Day.
        Date = "date", "日期", "Date";
        /// Day and time of day.
        Datetime = "datetime", "日期时间", "Date and time";
    }
}

vocabulary! {
    /// What a field could tell about a person.
    FieldExposure {
        /// Nothing.
        None = "none", "无", "Nothing";
        /// With others it can tell who it is (准标识符): age, sex, place.
        Identifying = "identifying", "准标识", "Could identify, with others";
        /// Nobody should learn it about somebody (敏感属性): a diagnosis, an income.
        Sensitive = "sensitive", "敏感属性", "Nobody's business";
    }
}

vocabulary! {
    /// What a field means to those who draw it.
    FieldRole {
        /// Nothing special.
        Plain = "plain", "普通", "Plain";
        /// Longitude in degrees, WGS 84.
        Longitude = "longitude", "经度", "Longitude";
        /// Latitude in degrees, WGS 84.
        Latitude = "latitude", "纬度", "Latitude";
    }
}
