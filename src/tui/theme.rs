//! Colours and signs in one place: one accent, dim for what is secondary, and a glyph beside every colour.
//! Must not decide what is good or bad: the model does.

use ratatui::style::{Color, Modifier, Style};

use super::model::light::Light;

/// The four ways to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Look {
    /// For a dark terminal.
    #[default]
    Dark,
    /// For a light terminal.
    Light,
    /// Without colour: weight and signs remain (`NO_COLOR`).
    Plain,
    /// The strongest contrasts, nothing dimmed.
    Contrast,
}

impl Look {
    /// Every look, with the word that the configuration has for it.
    pub const ALL: [(&'static str, Self); 4] =
        [("oscuro", Self::Dark), ("claro", Self::Light), ("sin-color", Self::Plain), ("contraste", Self::Contrast)];

    /// The look of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, look)| *look)
    }

    /// What the terminal's own variables ask for: `NO_COLOR`, and `COLORFGBG`, whose last number is the background.
    pub fn from_terminal(no_color: bool, foreground_background: Option<&str>) -> Self {
        let background = foreground_background.and_then(|text| text.rsplit(';').next()?.parse::<u8>().ok());
        match (no_color, background) {
            (true, _) => Self::Plain,
            (false, Some(7 | 9..=15)) => Self::Light,
            (false, _) => Self::Dark,
        }
    }

    const fn palette(self) -> &'static Palette {
        match self {
            Self::Dark | Self::Plain => &DARK,
            Self::Light => &LIGHT,
            Self::Contrast => &CONTRAST,
        }
    }
}

/// The colours of a look. Sixteen-colour names follow the user's own palette; indexed ones stand in where those are illegible.
#[derive(Debug)]
struct Palette {
    accent: Color,
    dim: Color,
    good: Color,
    warn: Color,
    bad: Color,
    leaving: Color,
}

static DARK: Palette = Palette {
    accent: Color::Cyan,
    dim: Color::DarkGray,
    good: Color::Green,
    warn: Color::Yellow,
    bad: Color::Red,
    leaving: Color::DarkGray,
};

/// Yellow and cyan vanish on white: their darker neighbours of the 256.
static LIGHT: Palette = Palette {
    accent: Color::Indexed(25),
    dim: Color::Indexed(244),
    good: Color::Indexed(28),
    warn: Color::Indexed(130),
    bad: Color::Indexed(160),
    leaving: Color::Indexed(244),
};

static CONTRAST: Palette = Palette {
    accent: Color::LightCyan,
    dim: Color::Reset,
    good: Color::LightGreen,
    warn: Color::LightYellow,
    bad: Color::LightRed,
    leaving: Color::Reset,
};

/// How things look; without colour the signs and weights remain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    look: Look,
}

impl Theme {
    /// A theme of one look.
    pub const fn new(look: Look) -> Self {
        Self { look }
    }

    /// Whether nothing has a colour.
    pub fn plain(self) -> bool {
        self.look == Look::Plain
    }

    fn paint(self, colour: fn(&Palette) -> Color) -> Style {
        if self.look == Look::Plain { self.text() } else { Style::new().fg(colour(self.look.palette())) }
    }

    /// What draws the eye: titles of the place where one is, filled bars, the focus.
    pub fn accent(self) -> Style {
        self.paint(|palette| palette.accent)
    }

    /// What stays in the background.
    pub fn dim(self) -> Style {
        match self.look {
            Look::Plain => self.text().add_modifier(Modifier::DIM),
            _ => self.paint(|palette| palette.dim),
        }
    }

    /// Plain text.
    pub fn text(self) -> Style {
        Style::new().fg(Color::Reset).remove_modifier(Modifier::DIM)
    }

    /// Names and figures that matter.
    pub fn strong(self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// What asks for patience.
    pub fn warn(self) -> Style {
        self.paint(|palette| palette.warn)
    }

    /// What is wrong.
    pub fn bad(self) -> Style {
        self.paint(|palette| palette.bad)
    }

    /// What is well.
    pub fn good(self) -> Style {
        self.paint(|palette| palette.good)
    }

    /// Text and literals in YAML.
    pub fn value(self) -> Style {
        self.good()
    }

    /// The chosen row.
    pub fn selected(self) -> Style {
        self.accent().add_modifier(Modifier::REVERSED)
    }

    /// What a search found.
    pub fn found(self) -> Style {
        self.warn().add_modifier(Modifier::REVERSED)
    }

    /// What a user marked.
    pub fn marked(self) -> Style {
        self.accent().add_modifier(Modifier::BOLD)
    }

    /// What a lesson asks to look at.
    pub fn looked(self, base: Style) -> Style {
        base.patch(self.accent()).add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// The colour of a light; its glyph says the same.
    pub fn light(self, light: Light) -> Style {
        match light {
            Light::Good => self.good(),
            Light::Busy | Light::Waiting => self.warn(),
            Light::Bad => self.bad(),
            Light::Leaving if self.look != Look::Plain => self.paint(|palette| palette.leaving),
            Light::Done | Light::Leaving | Light::Unknown | Light::Plain => self.dim(),
        }
    }
}
