// SPDX-License-Identifier: BSD-2-Clause

use std::alloc::{alloc, dealloc, handle_alloc_error, Layout};
use std::any::Any;
use std::ffi::c_void;
use std::fmt;
use std::ptr::{null_mut, NonNull};
use std::sync::Arc;

use crate::Error;

/// Memory for one object that the caller provides: a mapping that processes share, say.
#[derive(Clone)]
pub struct Region {
    at: NonNull<u8>,
    size: usize,
    _keeper: Arc<dyn Any + Send + Sync>,
}

// SAFETY: what Region::new demands.
unsafe impl Send for Region {}
unsafe impl Sync for Region {}

impl Region {
    /// `size` bytes at `at`, which `keeper` keeps there: the object made in them holds on to it.
    ///
    /// # Safety
    ///
    /// From now on until `keeper` is dropped the memory can be read and written, by any thread, and nothing but
    /// rheo's calls touches it, in this process; other processes use it for the same object. `create_in` is called on
    /// it once, by one of all who share it, before anybody attaches.
    pub unsafe fn new(at: NonNull<u8>, size: usize, keeper: Arc<dyn Any + Send + Sync>) -> Region {
        Region { at, size, _keeper: keeper }
    }

    /// Where it is.
    pub fn address(&self) -> NonNull<u8> {
        self.at
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("at", &self.at).field("size", &self.size).finish()
    }
}

#[derive(Debug)]
pub(crate) enum Memory {
    Own(NonNull<u8>, Layout),
    Given(Region),
}

impl Memory {
    fn allocate(size: u64, align: u64) -> Result<Memory, Error> {
        let layout = Layout::from_size_align(size as usize, align as usize).map_err(|_| Error::NoSpace)?;
        // SAFETY: the callers have refused a size of 0.
        match NonNull::new(unsafe { alloc(layout) }) {
            Some(at) => Ok(Memory::Own(at, layout)),
            None => handle_alloc_error(layout),
        }
    }

    fn place(&self) -> (*mut c_void, u64) {
        match self {
            Memory::Own(at, layout) => (at.as_ptr().cast(), layout.size() as u64),
            Memory::Given(region) => (region.at.as_ptr().cast(), region.size as u64),
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if let Memory::Own(at, layout) = self {
            // SAFETY: allocated so in `allocate`; who has a handle also has borrowed or shares the owner of this.
            unsafe { dealloc(at.as_ptr(), *layout) }
        }
    }
}

/// A handle and the memory it leads to; the one is not the address of the other.
#[derive(Debug)]
pub(crate) struct Object<T> {
    handle: NonNull<T>,
    _memory: Memory,
}

// SAFETY: every C call but init and attach may run on any thread at once with any other.
unsafe impl<T> Send for Object<T> {}
unsafe impl<T> Sync for Object<T> {}

impl<T> Object<T> {
    /// Makes an object: in `region`, or in memory of its own. `init` and `attach` pass on to C.
    pub fn create(
        size: u64,
        align: u64,
        region: Option<Region>,
        init: impl FnOnce(*mut c_void, u64, &mut *mut T) -> i32,
    ) -> Result<Object<T>, Error> {
        if size == 0 {
            return Err(Error::InvalidArgument { field: None });
        }
        let memory = region.map_or_else(|| Memory::allocate(size, align), |region| Ok(Memory::Given(region)))?;
        Object::made(memory, init)
    }

    pub fn attach(
        region: Region,
        attach: impl FnOnce(*mut c_void, u64, &mut *mut T) -> i32,
    ) -> Result<Object<T>, Error> {
        Object::made(Memory::Given(region), attach)
    }

    fn made(memory: Memory, call: impl FnOnce(*mut c_void, u64, &mut *mut T) -> i32) -> Result<Object<T>, Error> {
        let (at, size) = memory.place();
        let mut handle = null_mut();
        Error::check(call(at, size, &mut handle))?;
        let handle = NonNull::new(handle).ok_or(Error::Corrupt)?;
        Ok(Object { handle, _memory: memory })
    }

    #[inline]
    pub fn handle(&self) -> *mut T {
        self.handle.as_ptr()
    }
}
