//! `torch.nn.Linear`: `weight` `[O, H]`, `bias` `[O]`.

use crate::{
    Linear, ParamStore, Result,
    weights::{
        Archive, LoadOptions,
        layouts::exchange::{self, Arrays},
    },
};
use tape::Real;

/// Adds the weights of a linear layer as `torch.nn.Linear` has them: `weight` `[O, H]`, `bias` `[O]`.
///
/// # Errors
/// [`Error::NameTaken`](crate::Error::NameTaken).
pub fn export_linear<T: Real>(
    layer: &Linear,
    store: &ParamStore<T>,
    prefix: &str,
    archive: &mut Archive<T>,
) -> Result<()> {
    exchange::give(write(layer, store), prefix, archive)
}

/// Writes a linear layer's parameters from those of `torch.nn.Linear`.
///
/// # Errors
/// Those of [`restore_params`](Archive::restore_params). The store is then as it was.
pub fn import_linear<T: Real>(
    layer: &Linear,
    store: &mut ParamStore<T>,
    archive: &Archive<T>,
    options: &LoadOptions,
) -> Result<()> {
    let mut found = exchange::receive(archive, options, &write(layer, store))?;
    let arrays = [("weight", Some(layer.v)), ("bias", layer.c)];
    let ours = arrays.into_iter().filter_map(|(name, id)| Some((id?, found.remove(name)?)));
    let values = ours.map(|(id, array)| (id, array.reversed_axes())).collect();
    exchange::assign(store, values);
    Ok(())
}

fn write<T: Real>(layer: &Linear, store: &ParamStore<T>) -> Arrays<T> {
    let arrays = [("weight", Some(layer.v)), ("bias", layer.c)];
    let given = arrays.into_iter().filter_map(|(name, id)| Some((name, id?)));
    given.map(|(name, id)| (name.into(), store.get(id).clone().reversed_axes())).collect()
}
